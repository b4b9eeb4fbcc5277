"""Attributes: how often the encoder names what is in a test image."""

from typing import Any

import numpy as np
import pandas as pd

from emailimg import metrics, taxonomy


def scores(test: pd.DataFrame) -> dict[str, Any]:
    """Per attribute that the encoder names (`seen_{head}`), its score where the truth is known."""
    found = {}
    for column in test.columns:
        head = column.removeprefix("seen_")
        if head != column:
            known = test[test[head].notna()]
            if not len(known):
                continue
            score = _yes_no if head == "techniques" else _attribute
            found[head] = score(known[head].to_numpy(), known[column].to_numpy(str))
    return found


def _attribute(truth: np.ndarray, seen: np.ndarray) -> dict[str, Any]:
    classes = class_order(set(truth) | set(seen))
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


def class_order(found: set[str]) -> list[str]:
    """The taxonomy's order."""
    order = [*taxonomy.AUGMENTATION_CLASSES, *taxonomy.VEHICLE_TYPES]
    return [name for name in order if name in found]
