"""The vocabularies: every spelling finds its value, an unknown one is refused by name."""

import inspect
from collections.abc import Callable

import pytest

from emailimg import taxonomy
from emailimg.errors import EmailimgError, TaxonomyError

PARSERS: list[tuple[Callable[[str], str], tuple[str, ...]]] = [
    (taxonomy.parse_target, taxonomy.TARGETS),
    (taxonomy.parse_campaign_type, taxonomy.CAMPAIGN_TYPES),
    (taxonomy.parse_industry, taxonomy.INDUSTRIES),
    (taxonomy.parse_vehicle_type, taxonomy.VEHICLE_TYPES),
]


@pytest.mark.parametrize(
    "spelling",
    [
        "Abandoned_Cart",
        "abandoned cart",
        "ABANDONED-CART",
        "  Abandoned   Cart ",
        "abandoned__cart",
    ],
)
def test_spellings_of_one_name_mean_the_same(spelling: str) -> None:
    assert taxonomy.parse_campaign_type(spelling) == "Abandoned Cart"


@pytest.mark.parametrize(("parse", "values"), PARSERS)
def test_every_value_is_found_in_other_spellings(
    parse: Callable[[str], str], values: tuple[str, ...]
) -> None:
    for value in values:
        for spelling in (value, value.upper(), value.replace(" ", "_"), value.replace("_", "-")):
            assert parse(spelling) == value


@pytest.mark.parametrize(("parse", "values"), PARSERS)
@pytest.mark.parametrize("wrong", ["", "nonsense", "open rate please", "Auto motive"])
def test_an_unknown_value_is_refused_with_the_accepted_ones(
    parse: Callable[[str], str], values: tuple[str, ...], wrong: str
) -> None:
    with pytest.raises(TaxonomyError) as caught:
        parse(wrong)
    assert repr(wrong) in str(caught.value)
    assert all(value in str(caught.value) for value in values)
    assert caught.value.accepted == values


def test_a_taxonomy_error_is_both_ours_and_a_value_error() -> None:
    assert issubclass(TaxonomyError, EmailimgError)
    assert issubclass(TaxonomyError, ValueError)


def test_the_vocabularies_are_those_of_the_report() -> None:
    assert len(taxonomy.TARGETS) == 7
    assert len(taxonomy.CAMPAIGN_TYPES) == 9
    assert len(taxonomy.INDUSTRIES) == 15
    assert len(taxonomy.VEHICLE_TYPES) == 9
    for values in (values for _, values in PARSERS):
        assert len({taxonomy.normalise(value) for value in values}) == len(values)
    assert set(taxonomy.TARGETS) > taxonomy.LOWER_IS_BETTER == {"unsubscribe_rate", "bounce_rate"}


def test_augmentation_classes_are_the_original_and_every_technique_once() -> None:
    techniques = [name for block in taxonomy.AUGMENTATION_BLOCKS.values() for name in block]
    assert (taxonomy.ORIGINAL, *techniques) == taxonomy.AUGMENTATION_CLASSES
    assert len(set(taxonomy.AUGMENTATION_CLASSES)) == 16
    # What the label rule must tell apart.
    assert {"brighter", "darker", "rotate", "shift_scale"} < set(techniques)


def test_every_parser_is_tested_here() -> None:
    functions = inspect.getmembers(taxonomy, inspect.isfunction)
    found = {function for name, function in functions if name.startswith("parse_")}
    assert found == {parse for parse, _ in PARSERS}
