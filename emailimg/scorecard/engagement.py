"""Engagement: per target, our probabilities beside the base rate's and the oracle's.

A model that beats the oracle has seen the test rows: that raises the leakage alarm.
"""

from typing import Any

import numpy as np
import pandas as pd

from emailimg import features, intervals, metrics, seeding
from emailimg.boosters import Classifiers, Prediction
from emailimg.config import Config
from emailimg.errors import EmailimgError
from emailimg.scorecard import breakdown

_ALARM_STANDARD_ERRORS = 3


def alarms(target: str, score: dict[str, Any]) -> list[str]:
    """Why this target's score cannot be honest; empty when it can.

    On few rows a good model can pass the oracle by luck, so both alarms ask for three standard
    errors: reach above 1 by the paired difference of log-losses, accuracy by its binomial error.
    """
    found = []
    advantage = score["advantage_over_oracle"]
    if advantage is not None and advantage[0] > _ALARM_STANDARD_ERRORS * advantage[1]:
        found.append(
            f"{target}: reach is above 1: log-loss {score['log_loss']['ours']:.4f} is more than "
            f"{_ALARM_STANDARD_ERRORS} standard errors ({advantage[1]:.5f}) below the oracle's "
            f"{score['log_loss']['oracle']:.4f}"
        )
    ours, oracle = score["accuracy"]["ours"], score["accuracy"]["oracle"]
    if oracle is None:
        return found
    error = metrics.accuracy_standard_error(oracle, score["trials"])
    if ours > oracle + _ALARM_STANDARD_ERRORS * error:
        found.append(
            f"{target}: accuracy {ours:.3f} is more than {_ALARM_STANDARD_ERRORS} standard errors "
            f"({error:.4f}) above the oracle's {oracle:.3f}"
        )
    return found


def score(config: Config, models: Classifiers, test: pd.DataFrame, target: str) -> dict[str, Any]:
    rows = test[test[f"{target}_n"] > 0]
    if rows.empty:
        raise EmailimgError(f"target {target!r} has no observed labels among the test rows")
    successes, trials = rows[f"{target}_k"].to_numpy(), rows[f"{target}_n"].to_numpy()
    embeddings = rows[features.embedding_columns(models.embedding_width)].to_numpy(np.float32)
    contexts = [rows[name].tolist() for name in ("campaign_type", "industry")]
    truth = rows[f"{target}_p"].to_numpy()
    known = bool(len(truth)) and not np.isnan(truth).any()
    prediction = models[target].predict(models.matrix(embeddings, *contexts))
    predictions = {
        "base": np.full(len(rows), _base_rate(rows, target)),
        "oracle": truth if known else None,
        "ours": prediction.probability,
    }
    scores = _scores(predictions, successes, trials)
    return scores | {
        "rule": config.labels.rules[target].kind if known else "observed",
        "rows": len(rows),
        "trials": int(trials.sum()),
        "base_rate": float(successes.sum() / trials.sum()),
        "mean_amount": _mean_amount(rows, target),
        "reach": _reach(scores["log_loss"]),
        "advantage_over_oracle": _advantage(predictions, successes, trials),
        "reach_interval": _reach_interval(config, target, predictions, successes, trials),
        "calibration": _calibration(config, target, predictions, successes, trials),
        "type_known": _reach_with_type(models, rows, target, embeddings, scores["log_loss"]),
        "interval": _interval(prediction, predictions["oracle"]),
        "edit_slope": prediction.edit_slope,
        "contexts": breakdown.by_context(rows, successes, trials, predictions),
    }


def _reach_with_type(
    models: Classifiers,
    rows: pd.DataFrame,
    target: str,
    embeddings: np.ndarray,
    losses: dict[str, float | None],
) -> float | None:
    """Reach when the vehicle type is told, as of a catalogue's images; None if no row has it.

    All other scores are as of an upload, of which only the image is known.
    """
    if "vehicle_type" not in rows or not rows["vehicle_type"].notna().any():
        return None
    campaigns, industries, kinds = (
        rows[name].tolist() for name in ("campaign_type", "industry", "vehicle_type")
    )
    told = models[target].probability(models.matrix(embeddings, campaigns, industries, kinds))
    labels = rows[f"{target}_k"].to_numpy(), rows[f"{target}_n"].to_numpy()
    return _reach(losses | {"ours": metrics.log_loss(told, *labels)})


def _interval(prediction: Prediction, truth: np.ndarray | None) -> dict[str, float | None] | None:
    """Mean width, and the share of true probabilities inside; None without intervals."""
    if not len(prediction.members):
        return None
    low, high = prediction.low, prediction.high
    covered = None if truth is None else float(np.mean((low <= truth) & (truth <= high)))
    return {
        "level": intervals.LEVEL,
        "mean_width": float(np.mean(high - low)),
        "coverage": covered,
    }


def _mean_amount(rows: pd.DataFrame, target: str) -> float | None:
    """Currency per success, where the labels have amounts; None for every other target."""
    amounts = rows.get(f"{target}_amount")
    known = rows if amounts is None else rows[amounts.notna()]
    successes = known[f"{target}_k"].sum()
    return None if amounts is None or not successes else float(amounts.sum() / successes)


def _base_rate(rows: pd.DataFrame, target: str) -> float:
    """The test rows' own mean rate: the best that a constant could do."""
    return float(rows[f"{target}_k"].sum() / rows[f"{target}_n"].sum())


def _scores(
    predictions: dict[str, np.ndarray | None], successes: np.ndarray, trials: np.ndarray
) -> dict[str, dict[str, float | None]]:
    functions = {
        "log_loss": metrics.log_loss,
        "brier": metrics.brier,
        "accuracy": metrics.accuracy,
        "auc": metrics.auc,
    }
    return {
        name: {
            who: None if values is None else function(values, successes, trials)
            for who, values in predictions.items()
        }
        for name, function in functions.items()
    }


def _reach(loss: dict[str, float | None]) -> float | None:
    base, oracle, ours = loss["base"], loss["oracle"], loss["ours"]
    if base is None or oracle is None or ours is None:
        return None
    return metrics.reach(base, oracle, ours)


def _advantage(
    predictions: dict[str, np.ndarray | None], successes: np.ndarray, trials: np.ndarray
) -> tuple[float, float] | None:
    """How far our log-loss is below the oracle's, and the standard error of that."""
    oracle, ours = predictions["oracle"], predictions["ours"]
    if oracle is None or ours is None:
        return None
    return metrics.advantage(ours, oracle, successes, trials)


def _reach_interval(
    config: Config,
    target: str,
    predictions: dict[str, np.ndarray | None],
    successes: np.ndarray,
    trials: np.ndarray,
) -> list[float] | None:
    """90% interval of reach by a bootstrap over test rows; None without an oracle."""
    base, oracle, ours = (predictions[name] for name in ("base", "oracle", "ours"))
    if base is None or oracle is None or ours is None:
        return None
    rng = seeding.generator(0, "bootstrap", target)
    reaches = []
    for _ in range(config.report.bootstrap_samples):
        rows = rng.integers(0, len(ours), len(ours))
        losses = [metrics.log_loss(p[rows], successes[rows], trials[rows]) for p in (oracle, ours)]
        constant = np.full(len(rows), successes[rows].sum() / trials[rows].sum())
        reach = metrics.reach(metrics.log_loss(constant, successes[rows], trials[rows]), *losses)
        if reach is not None:
            reaches.append(reach)
    return [float(np.quantile(reaches, q)) for q in (0.05, 0.95)] if reaches else None


def _calibration(
    config: Config,
    target: str,
    predictions: dict[str, np.ndarray | None],
    successes: np.ndarray,
    trials: np.ndarray,
) -> dict[str, Any]:
    ours, oracle = predictions["ours"], predictions["oracle"]
    assert ours is not None
    bins = config.report.calibration_bins
    errors = [
        None if p is None else metrics.expected_calibration_error(p, successes, trials, bins)
        for p in (ours, oracle)
    ]
    rng = seeding.generator(0, "calibration", target)
    groups = metrics.quantile_bins(ours, bins)
    return {
        "bins": [_bin(config, rng, ours[g], successes[g], trials[g]) for g in groups],
        "error": errors[0],
        "oracle_error": errors[1],
        "oracle_band": None if oracle is None else _chance_band(config, target, oracle, trials),
    }


def _chance_band(
    config: Config, target: str, oracle: np.ndarray, trials: np.ndarray
) -> list[float]:
    """90% interval of the oracle's own calibration error, if the outcomes were drawn again.

    Even who knows every probability has an error, by chance; ours can be asked for no less.
    """
    rng = seeding.generator(0, "chance", target)
    errors = [
        metrics.expected_calibration_error(
            oracle, rng.binomial(trials, oracle), trials, config.report.calibration_bins
        )
        for _ in range(config.report.bootstrap_samples)
    ]
    return [float(np.quantile(errors, q)) for q in (0.05, 0.95)]


def _bin(
    config: Config,
    rng: np.random.Generator,
    predicted: np.ndarray,
    successes: np.ndarray,
    trials: np.ndarray,
) -> dict[str, float]:
    """One point of the calibration plot with a 90% bootstrap band."""
    draws = rng.integers(0, len(predicted), (config.report.bootstrap_samples, len(predicted)))
    rates = successes[draws].sum(axis=1) / np.maximum(trials[draws].sum(axis=1), 1)
    low, high = np.quantile(rates, [0.05, 0.95])
    return {
        "predicted": float(np.average(predicted, weights=trials)),
        "observed": float(successes.sum() / trials.sum()),
        "low": float(low),
        "high": float(high),
        "trials": int(trials.sum()),
    }
