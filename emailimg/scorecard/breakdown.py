"""Scores of one target by campaign type and by industry: where the model is better and worse."""

from typing import Any

import numpy as np
import pandas as pd

from emailimg import metrics, taxonomy

CONTEXTS = {"campaign_type": taxonomy.CAMPAIGN_TYPES, "industry": taxonomy.INDUSTRIES}


def by_context(
    rows: pd.DataFrame,
    successes: np.ndarray,
    trials: np.ndarray,
    predictions: dict[str, np.ndarray | None],
) -> dict[str, list[dict[str, Any]]]:
    """Per context column, one record for each of its values that test rows have.

    predictions: `ours` and `oracle`, (N,); what is not known is None. Reach is against the group's
    own base rate, so it shows what the image adds once the context is known.
    """
    return {
        column: [
            {"name": name}
            | _group((rows[column] == name).to_numpy(), successes, trials, predictions)
            for name in names
            if (rows[column] == name).any()
        ]
        for column, names in CONTEXTS.items()
    }


def _group(
    inside: np.ndarray,
    successes: np.ndarray,
    trials: np.ndarray,
    predictions: dict[str, np.ndarray | None],
) -> dict[str, Any]:
    k, n = successes[inside], trials[inside]
    ours, oracle = (
        None if p is None else p[inside] for p in map(predictions.get, ("ours", "oracle"))
    )
    assert ours is not None
    observed = float(k.sum() / n.sum())
    base = metrics.log_loss(np.full(len(k), observed), k, n)
    loss = metrics.log_loss(ours, k, n)
    best = None if oracle is None else metrics.log_loss(oracle, k, n)
    return {
        "rows": len(k),
        "trials": int(n.sum()),
        "observed": observed,
        "predicted": float(np.average(ours, weights=n)),
        "standard_error": metrics.accuracy_standard_error(observed, n.sum()),
        "log_loss": loss,
        "reach": None if best is None else metrics.reach(base, best, loss),
    }
