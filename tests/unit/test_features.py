"""Features: indicators in one order, and nothing that a user could not know before sending."""

import numpy as np
import pytest

from emailimg import features, taxonomy


def test_columns_hold_no_label_truth_or_id() -> None:
    columns = features.feature_columns(25)
    assert len(columns) == len(set(columns)) == 25 + 9 + 15
    for column in columns:
        assert column.startswith(("e0", "campaign: ", "industry: "))
        assert not any(target in column for target in taxonomy.TARGETS)
        assert "id" not in column.split("_")


def test_columns_are_named_in_the_order_of_assemble() -> None:
    embeddings = np.arange(6, dtype=np.float32).reshape(2, 3) + 10
    matrix = features.assemble(embeddings, ["Survey", "Newsletter"], ["Energy", "Automotive"])
    assert matrix.shape == (2, 27)
    assert matrix.dtype == np.float32
    first = dict(zip(features.feature_columns(3), matrix[0].tolist(), strict=True))
    assert {name: value for name, value in first.items() if value} == {
        "e0000": 10,
        "e0001": 11,
        "e0002": 12,
        "campaign: Survey": 1,
        "industry: Energy": 1,
    }


def test_every_context_has_its_own_indicators() -> None:
    pairs = [(c, i) for c in taxonomy.CAMPAIGN_TYPES for i in taxonomy.INDUSTRIES]
    indicators = features.context_features([c for c, _ in pairs], [i for _, i in pairs])
    assert (indicators.sum(axis=1) == 2).all()
    assert len(np.unique(indicators, axis=0)) == len(pairs)


def test_no_rows_give_no_rows() -> None:
    assert features.assemble(np.empty((0, 4), np.float32), [], []).shape == (0, 28)


def test_an_unknown_context_is_refused() -> None:
    with pytest.raises(ValueError, match="not in"):
        features.context_features(["newsletter"], ["Retail"])


def test_embeddings_become_float32() -> None:
    matrix = features.assemble(np.ones((1, 2)), ["Survey"], ["Retail"])
    assert matrix.dtype == np.float32


def test_columns_are_grouped_by_what_they_tell_of() -> None:
    names = ["augmentation_class: original", "vehicle_type: SUV", "augmentation_class: blur"]
    groups = features.column_groups(names)
    assert list(groups) == ["augmentation_class", "vehicle_type", "campaign_type", "industry"]
    assert groups["augmentation_class"] == [0, 2]
    assert sorted(i for positions in groups.values() for i in positions) == list(range(3 + 24))
    columns = features.feature_columns(3)
    assert {columns[i].split(": ")[0] for i in groups["campaign_type"]} == {"campaign"}
    assert {columns[i].split(": ")[0] for i in groups["industry"]} == {"industry"}
