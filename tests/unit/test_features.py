"""Features: indicators in one order, and nothing that a user could not know before sending."""

import numpy as np
import pandas as pd
import pytest

from emailimg import features, taxonomy


def test_columns_hold_no_label_truth_or_id() -> None:
    columns = features.feature_columns(25)
    assert len(columns) == len(set(columns)) == 25 + 9 + 15 + 9
    for column in columns:
        assert column.startswith(("e0", "campaign: ", "industry: ", "vehicle type: "))
        assert not any(target in column for target in taxonomy.TARGETS)
        assert "id" not in column.split("_")


def test_columns_are_named_in_the_order_of_assemble() -> None:
    embeddings = np.arange(6, dtype=np.float32).reshape(2, 3) + 10
    matrix = features.assemble(embeddings, ["Survey", "Newsletter"], ["Energy", "Automotive"])
    assert matrix.shape == (2, 36)
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
    assert features.assemble(np.empty((0, 4), np.float32), [], []).shape == (0, 37)


def test_an_unknown_context_is_refused() -> None:
    with pytest.raises(ValueError, match="not in"):
        features.context_features(["newsletter"], ["Retail"])


def test_embeddings_become_float32() -> None:
    matrix = features.assemble(np.ones((1, 2)), ["Survey"], ["Retail"])
    assert matrix.dtype == np.float32


def test_a_known_vehicle_type_has_an_indicator_and_an_unknown_one_has_none() -> None:
    kinds = ["SUV", None, "Hovercraft"]
    matrix = features.context_features(["Survey"] * 3, ["Energy"] * 3, kinds)
    own = matrix[:, [name.startswith("vehicle type") for name in features.CONTEXT_COLUMNS]]
    assert own.sum(axis=1).tolist() == [1, 0, 0]
    assert matrix[0, features.CONTEXT_COLUMNS.index("vehicle type: SUV")] == 1
    np.testing.assert_array_equal(matrix[1:2], features.context_features(["Survey"], ["Energy"]))


def test_half_of_the_images_are_learnt_from_without_their_type() -> None:
    sources = [f"image{row // 2}" for row in range(2000)]
    shown = features.half_hidden(sources, ["SUV"] * 2000)
    assert 0.45 < sum(name == "SUV" for name in shown) / 2000 < 0.55
    assert shown[::2] == shown[1::2], "all versions of an image alike"
    assert features.half_hidden(["a"], [None]) == [None]


def test_an_upload_comes_without_a_type() -> None:
    names = features.feature_columns(1)
    known = features.assemble(np.ones((1, 1)), ["Survey"], ["Retail"], ["SUV"])
    uploaded = features.as_uploaded(pd.DataFrame(known, columns=names).assign(k=3))
    np.testing.assert_array_equal(
        uploaded[names].to_numpy(), features.assemble(np.ones((1, 1)), ["Survey"], ["Retail"])
    )
    assert uploaded["k"].tolist() == [3]
    assert uploaded.dtypes["vehicle type: SUV"] == np.float32


def test_columns_are_grouped_by_what_they_tell_of() -> None:
    names = ["augmentation_class: original", "vehicle_type: SUV", "augmentation_class: blur"]
    groups = features.column_groups(names)
    attributes, contexts = list(groups)[:2], list(groups)[2:]
    assert attributes == ["augmentation_class", "vehicle_type"]
    assert contexts == ["campaign_type", "industry", "vehicle_type_told"]
    assert groups["augmentation_class"] == [0, 2]
    assert sorted(i for positions in groups.values() for i in positions) == list(range(3 + 33))
    columns = features.feature_columns(3)
    assert {columns[i].split(": ")[0] for i in groups["campaign_type"]} == {"campaign"}
    assert {columns[i].split(": ")[0] for i in groups["industry"]} == {"industry"}
