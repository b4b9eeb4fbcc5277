"""Examples of a catalogue whose images have no class names, as those of a user's own may be."""

from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import pytest

from serve_app.examples import examples_of


@pytest.mark.parametrize(
    ("names", "dtype"),
    [
        (["Aldoria Senta Sedan 2009", None], object),
        (["Aldoria Senta Sedan 2009", None], "str"),
        (["Aldoria Senta Sedan 2009", None], "string"),
        ([None, None], "str"),
        ([np.nan, np.nan], float),
    ],
)
def test_an_image_without_a_class_name_has_none(names: list[Any], dtype: Any) -> None:
    rows = pd.DataFrame({"image_id": ["a", "b"], "class_name": pd.Series(names, dtype=dtype)})
    bundle = mock.Mock(**{"catalogue_columns.return_value": rows})
    expected = [name if isinstance(name, str) else None for name in names]
    assert [example.class_name for example in examples_of(bundle)] == expected
