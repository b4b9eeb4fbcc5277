"""The rows: scikit-learn's `make_classification`, and their folds.

One problem of a million rows is drawn, and every row count takes the first so many of it (they are
in random order): `make_classification` with another number of rows draws another problem, and
accuracies at two row counts would not be about the same thing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

MOST_ROWS = 1_000_000


@dataclass(frozen=True)
class Fold:
    """float32 (N, F) features and int 0 or 1 labels (N,) of both sides."""

    train: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]


def draw(features: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The problem: float32 (MOST_ROWS, features), and labels 0 or 1.

    Half of the features are informative and a quarter are mixtures of those (scikit-learn's own
    default, two of twenty, is so easy that all but the linear model find it in a thousand rows).
    """
    from sklearn.datasets import make_classification

    matrix, labels = make_classification(
        n_samples=MOST_ROWS,
        n_features=features,
        n_informative=features // 2,
        n_redundant=features // 4,
        random_state=seed,
    )
    return matrix.astype(np.float32), labels.astype(np.int32)


def folds(matrix: np.ndarray, labels: np.ndarray, count: int, seed: int) -> Iterator[Fold]:
    """Cross-validation: every row is tested on in one fold, with the classes in equal shares."""
    from sklearn.model_selection import StratifiedKFold

    splitter = StratifiedKFold(count, shuffle=True, random_state=seed)
    for train, test in splitter.split(matrix, labels):
        yield Fold((matrix[train], labels[train]), (matrix[test], labels[test]))
