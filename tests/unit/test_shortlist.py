"""Which catalogue images come into question: the narrowest scope with enough, and filters."""

import numpy as np
import pandas as pd
import pytest

from emailimg.errors import ConfigError, TaxonomyError
from emailimg.shortlist import Columns, Filters

CATALOGUE = pd.DataFrame(
    {
        "image_id": ["a", "b", "c", "d", "e", "f"],
        "campaign_type": ["Survey", "Survey", "Webinar", None, "Webinar", "Survey"],
        "industry": ["Retail", "Retail", "Retail", "Retail", "Energy", None],
        "vehicle_type": ["SUV", "Sedan", "SUV", None, "Coupe", "Sedan"],
        "make": ["Aldoria", "Borealis", "Aldoria", "Cavendo", None, "Borealis"],
        "year": [2001.0, 2005.0, 2009.0, 2012.0, 2010.0, np.nan],
    }
)
COLUMNS = Columns(CATALOGUE)


def names(rows: np.ndarray) -> str:
    return "".join(CATALOGUE["image_id"].iloc[rows])


@pytest.mark.parametrize(
    ("campaign_type", "industry", "at_least", "expected", "scope"),
    [
        ("Survey", "Retail", 4, "abdf", "campaign type and industry"),
        ("Survey", "Retail", 5, "abcdf", "industry"),
        ("Survey", "Retail", 6, "abcdef", "whole catalogue"),
        ("Survey", "Retail", 99, "abcdef", "whole catalogue"),
        ("Webinar", "Energy", 1, "e", "campaign type and industry"),
        ("Newsletter", "Energy", 1, "ef", "industry"),
        ("Newsletter", "Healthcare", 2, "abcdef", "whole catalogue"),
    ],
)
def test_the_narrowest_scope_with_enough_images(
    campaign_type: str, industry: str, at_least: int, expected: str, scope: str
) -> None:
    pool = COLUMNS.pool(campaign_type, industry, Filters(), at_least)
    assert names(pool.rows) == expected
    assert pool.scope == scope


def test_years_of_which_none_can_be_are_refused() -> None:
    assert Filters(year_from=2010, year_to=2010)
    with pytest.raises(ConfigError, match="year_from 2010 is after year_to 2001"):
        Filters(year_from=2010, year_to=2001)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(vehicle_types=("suv",)), "ac"),
        (Filters(vehicle_types=("Sedan", "coupe")), "bef"),
        (Filters(make="aldoria"), "ac"),
        (Filters(year_from=2009), "cde"),
        (Filters(year_to=2005), "ab"),
        (Filters(year_from=2005, year_to=2010), "bce"),
        (Filters(vehicle_types=("SUV",), make="Aldoria", year_from=2005), "c"),
    ],
)
def test_filters_keep_what_is_known_to_fit(filters: Filters, expected: str) -> None:
    assert names(COLUMNS.pool("Survey", "Retail", filters, 99).rows) == expected


def test_a_filtered_scope_widens_by_what_passes() -> None:
    pool = COLUMNS.pool("Survey", "Retail", Filters(vehicle_types=("SUV",)), 2)
    assert (names(pool.rows), pool.scope) == ("ac", "industry")


def test_unknown_filters_are_refused_with_what_is_accepted() -> None:
    with pytest.raises(TaxonomyError, match="Hovercraft"):
        Filters(vehicle_types=("Hovercraft",))
    with pytest.raises(TaxonomyError, match=r"'Fjord'.*Aldoria, Borealis, Cavendo") as raised:
        COLUMNS.pool("Survey", "Retail", Filters(make="Fjord"), 1)
    assert raised.value.accepted == ("Aldoria", "Borealis", "Cavendo")
    nameless = Columns(CATALOGUE.assign(make=None))
    with pytest.raises(TaxonomyError, match="knows no makes"):
        nameless.pool("Survey", "Retail", Filters(make="Fjord"), 1)


def test_the_same_filters_are_the_same_in_any_spelling() -> None:
    assert Filters(vehicle_types=("suv", "Coupe", "SUV")) == Filters(vehicle_types=("coupe", "SUV"))


def test_row_numbers_are_positions_not_labels() -> None:
    """They index the embeddings, whatever the table's own index says."""
    turned = CATALOGUE.set_index(pd.Index([50, 40, 30, 20, 10, 0]))
    assert Columns(turned).pool("Webinar", "Energy", Filters(), 1).rows.tolist() == [4]


def test_an_empty_catalogue_has_nothing_to_offer() -> None:
    pool = Columns(CATALOGUE.head(0)).pool("Survey", "Retail", Filters(), 1)
    assert len(pool.rows) == 0
    assert pool.scope == "whole catalogue"
