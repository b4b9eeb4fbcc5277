"""The scorecard: how well the model does on test images that nothing was fitted or chosen on.

Two things apart: *attribute accuracy* of the encoder, and per target *reach*, the share of what
the oracle knows (it predicts each row's true probability) that the classifier knows too. A model
that beats the oracle has seen the test rows: that raises the leakage alarm.
"""

from typing import Any

import numpy as np
import pandas as pd

from emailimg import boosters, features, metrics, mistakes, seeding, splits, taxonomy
from emailimg.config import Config
from emailimg.errors import EmailimgError
from emailimg.parquet import read_table

_ALARM_STANDARD_ERRORS = 3


def measure(
    config: Config, examples_folder: str, embeddings_folder: str, classifiers_folder: str
) -> dict[str, Any]:
    """`data`, `attributes`, `targets` and `alarms` of the scorecard, from the test rows."""
    test = read_table(splits.folder(embeddings_folder, "test"))
    models = boosters.load(classifiers_folder)
    targets = {target: _score_target(config, models, test, target) for target in config.targets}
    attributes = _attributes(test)
    if mistakes.HEAD in attributes:  # the head of versions with one technique each
        explained = mistakes.explain(config, examples_folder, test)
        attributes[mistakes.HEAD]["mistakes"] = explained
    return {
        "attributes": attributes,
        "targets": targets,
        "alarms": [alarm for target, score in targets.items() for alarm in alarms(target, score)],
        "data": _data(examples_folder),
    }


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


def _score_target(
    config: Config, models: boosters.Classifiers, test: pd.DataFrame, target: str
) -> dict[str, Any]:
    rows = test[test[f"{target}_n"] > 0]
    if rows.empty:
        raise EmailimgError(f"target {target!r} has no observed labels among the test rows")
    successes, trials = rows[f"{target}_k"].to_numpy(), rows[f"{target}_n"].to_numpy()
    embeddings = rows[features.embedding_columns(models.embedding_width)].to_numpy(np.float32)
    contexts = [rows[name].tolist() for name in ("campaign_type", "industry")]
    truth = rows[f"{target}_p"].to_numpy()
    known = bool(len(truth)) and not np.isnan(truth).any()
    predictions = {
        "base": np.full(len(rows), _base_rate(rows, target)),
        "oracle": truth if known else None,
        "ours": models.predict(target, embeddings, *contexts),
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
    }


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


def _attributes(test: pd.DataFrame) -> dict[str, Any]:
    scores = {}
    for column in test.columns:
        head = column.removeprefix("seen_")
        if head != column:
            known = test[test[head].notna()]
            if not len(known):
                continue
            score = _yes_no if head == "techniques" else _attribute
            scores[head] = score(known[head].to_numpy(), known[column].to_numpy(str))
    return scores


def _attribute(truth: np.ndarray, seen: np.ndarray) -> dict[str, Any]:
    classes = _class_order(set(truth) | set(seen))
    index = {name: position for position, name in enumerate(classes)}
    confusion = np.zeros((len(classes), len(classes)), int)
    for actual, predicted in zip(truth.astype(str), seen, strict=True):
        confusion[index[actual], index[predicted]] += 1
    totals, hits = confusion.sum(axis=1), np.diag(confusion)
    accuracy = float(np.trace(confusion) / totals.sum())
    return {
        "classes": classes,
        "accuracy": accuracy,
        "standard_error": metrics.accuracy_standard_error(accuracy, len(truth)),
        "majority_accuracy": float(totals.max() / totals.sum()),
        "rows": len(truth),
        "confusion": confusion.tolist(),
        "recall": _ratios(hits, totals),
        "precision": _ratios(hits, confusion.sum(axis=0)),
    }


def _yes_no(truth: np.ndarray, seen: np.ndarray) -> dict[str, Any]:
    """Of a multi-label attribute: how often each class's yes or no is right.

    truth: lists of class names; seen: the names joined as `encoder.classes_seen` does.
    """
    classes = [name for name in taxonomy.AUGMENTATION_CLASSES if name != taxonomy.ORIGINAL]
    actual = np.array([[name in names for name in classes] for names in truth])
    named = [set(text.split(" + ")) for text in seen]
    said = np.array([[name in names for name in classes] for names in named])
    right = actual == said
    rates = actual.mean(axis=0)
    accuracy = float(right.mean())
    return {
        "classes": classes,
        "accuracy": accuracy,
        # Of rows: the answers about one image are not independent of each other.
        "standard_error": float(right.mean(axis=1).std() / np.sqrt(len(right))),
        "majority_accuracy": float(np.maximum(rates, 1 - rates).mean()),
        "all_right": float(right.all(axis=1).mean()),
        "rows": len(right),
        "recall": _shares(actual & said, actual),
        "precision": _shares(actual & said, said),
    }


def _shares(hits: np.ndarray, of: np.ndarray) -> list[float | None]:
    """Per column, the share of the rows `of` that are hits; None without any."""
    return _ratios(hits.sum(axis=0), of.sum(axis=0))


def _ratios(hits: np.ndarray, totals: np.ndarray) -> list[float | None]:
    return [float(h / total) if total else None for h, total in zip(hits, totals, strict=True)]


def _class_order(found: set[str]) -> list[str]:
    order = [*taxonomy.AUGMENTATION_CLASSES, *taxonomy.VEHICLE_TYPES]
    return [name for name in order if name in found]


def _data(examples_folder: str) -> dict[str, Any]:
    columns = ["source_id", "techniques"]
    parts = {
        split: read_table(splits.folder(examples_folder, split), columns=columns)
        for split in splits.SPLITS
    }
    everything = pd.concat(parts.values(), ignore_index=True)
    # Of composed versions every technique counts; a version without any counts as original.
    names = everything["techniques"].map(lambda found: list(found) or [taxonomy.ORIGINAL])
    counts = names.explode().value_counts()
    return {
        "source_images": int(everything["source_id"].nunique()),
        "examples": len(everything),
        "split": {split: len(rows) for split, rows in parts.items()},
        "class_counts": {name: int(counts[name]) for name in _class_order(set(counts.index))},
    }
