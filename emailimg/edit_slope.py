"""How much of the difference that an edit is predicted to make holds up.

A classifier takes some of its training images' luck for an effect of how they were edited, and its
members, who have seen the same images, agree with it. On held-out images, whose versions stand for
edits, the truth is asked:

    logit P(success of a version) = logit p(original) + intercept
                                    + slope * (logit p(version) - logit p(original))

The slope (Cox, "Two further applications of a model for binary regression", 1958) is 1 where the
predicted differences are seen in the outcomes, and 0 where nothing is seen of them.
"""

from collections.abc import Sequence

import numpy as np
import xgboost
from scipy.optimize import minimize
from scipy.special import logit

from emailimg import ensemble, features, members, splits
from emailimg.boosters import WHOLE_DIFFERENCE
from emailimg.calibration import Calibration

_USUAL_ERROR = 0.5  # of a slope that nothing is known of, around the whole difference
# Trials of one row share what no booster sees: so strongly are they correlated.
_SHARED = 0.05


def measure(
    boosters: Sequence[xgboost.Booster],
    calibration: Calibration,
    embeddings_folder: str,
    target: str,
) -> float:
    """Of one target's classifier, on the validation rows or a sample of them; 0 to 1."""
    columns = features.feature_columns(features.embedding_width(embeddings_folder))
    labels = [f"{target}_k", f"{target}_n"]
    rows, _ = members.sample(
        splits.folder(embeddings_folder, "validation"), ["source_id", "version", *columns, *labels]
    )
    originals, versions = rows[rows["version"] == 0], rows[rows["version"] > 0]
    both = versions[versions[labels[1]] > 0].merge(
        originals, on="source_id", suffixes=("", " of the original"), validate="many_to_one"
    )
    if both.empty:  # nothing speaks against the difference
        return WHOLE_DIFFERENCE
    before = np.array(both[[f"{name} of the original" for name in columns]], np.float32)
    after = np.array(both[columns], np.float32)
    lasting = features.lasting_columns(embeddings_folder)
    after[:, lasting] = before[:, lasting]
    said = [
        calibration.apply(ensemble.raw(boosters, features.without_type(matrix)))
        for matrix in (before, after)
    ]
    return fit(*said, *(both[name].to_numpy() for name in labels))


def fit(
    original: np.ndarray, version: np.ndarray, successes: np.ndarray, trials: np.ndarray
) -> float:
    """The slope, 0 to 1, by predicted probabilities and the version's outcomes, arrays (N,)."""
    start = logit(original)
    difference = logit(version) - start
    weights = 1 / (1 + (trials - 1) * _SHARED)

    def loss(x: np.ndarray) -> float:
        odds = start + x[0] + x[1] * difference
        losses = successes * np.logaddexp(0, -odds) + (trials - successes) * np.logaddexp(0, odds)
        unusual = (x - [0.0, WHOLE_DIFFERENCE]) / [1.0, _USUAL_ERROR]
        return float(weights @ losses + unusual @ unusual / 2)

    found = minimize(
        loss, x0=[0.0, WHOLE_DIFFERENCE], bounds=[(None, None), (0.0, 1.0)], method="L-BFGS-B"
    )
    return float(found.x[1])
