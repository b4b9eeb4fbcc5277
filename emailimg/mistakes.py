"""Which of the encoder's mistakes nobody could have avoided, and which it could have.

Of versions made with one technique each. A mistake is unavoidable for one of two reasons:

- *the same picture*: the technique that was named gives the same pixels, and is at least as
  frequent as the true one. A blur of a smooth picture is its original again, a symmetric scene is
  its own mirror image. Measured for every mistake on the pixels that the encoder saw
  (`lookalikes`).
- *either way round*: flipped or transposed, a picture is as good an original as before, where the
  scenes have no side in common. Measured over the test set, for each of these techniques against
  originals: how often the encoder, where it named one of the two, named the right one (the mean of
  both classes' shares, so that naming always the same is a coin's 50%). Where that is within two
  standard errors of a coin, a linear probe of the layout is asked too (`asymmetry`): an encoder
  that is badly trained proves nothing. Where neither beats the coin, as many of the mistakes
  between the two are unavoidable as the rarer class has rows: a model that knows nothing does best
  to name always the other. Where one does, the scenes show their side, and none is.

All other mistakes are called avoidable. That is a judgement in the encoder's disfavour: what is
hard is not told from what is careless, and three things are not looked for: pictures that another
technique would make of another original, techniques in noise, and pairs of which neither is the
original. And where scenes show their side in some pictures only, all of them count as if they did.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow.dataset as pads

from emailimg import asymmetry, lookalikes, metrics, pixel_columns, splits, taxonomy
from emailimg.config import Config
from emailimg.parquet import read_batches, read_table
from emailimg.splits import Split

HEAD = "augmentation_class"
SAME_PICTURE, EITHER_WAY, AVOIDABLE = "same_picture", "either_way", "avoidable"

_BATCH_ROWS = 64
_PROBE_PICTURES = 2000  # on either side; enough to find what a linear probe can find
_STANDARD_ERRORS = 2
_CONFUSIONS = 12


class _Pair(NamedTuple):
    """A test example beside its source's original, both uint8 (S, S, 3)."""

    example_id: str
    original: np.ndarray
    pixels: np.ndarray


def explain(
    config: Config, examples_folder: str, test: pd.DataFrame, *, batch_rows: int = _BATCH_ROWS
) -> dict[str, Any]:
    """Why the encoder's answers about test versions were wrong, in counts.

    test: example_id, source_id, augmentation_class, seen_augmentation_class. Reads the pixels of
    wrong answers and their originals, `batch_rows` at a time.

    `unavoidable` and `avoidable` add up to `mistakes`, in `by_class` and `confusions` as well.
    `forgiven` is the accuracy with the unavoidable counted as right; `ceiling` is that of a model
    whose only mistakes are the unavoidable ones.
    """
    answers = pd.DataFrame(
        {
            "example_id": test["example_id"].astype(str),
            "source_id": test["source_id"].astype(str),
            "true": test[HEAD].astype(str),
            "said": test[f"seen_{HEAD}"].astype(str),
        }
    ).sort_values("example_id", ignore_index=True)
    answers["reason"] = np.where(answers["true"] == answers["said"], "", AVOIDABLE)
    _mark_same_pictures(config, examples_folder, answers, batch_rows)
    twins = [
        _judge_twin(config, examples_folder, answers, technique, batch_rows)
        for technique in asymmetry.TWINS
        if (answers["true"] == technique).any()
    ]
    return _totals(answers) | {
        "tolerance": lookalikes.TOLERANCE,
        "by_class": [_class_row(name, rows) for name, rows in _in_order(answers)],
        "twins": twins,
        "confusions": _confusions(answers),
    }


def pairs(
    config: Config,
    examples_folder: str,
    source_of: dict[str, str],
    *,
    batch_rows: int = _BATCH_ROWS,
) -> Iterator[_Pair]:
    """Test examples beside their originals, in one pass over the examples, in no fixed order.

    source_of: the source id of every example asked for. A source's versions are written one after
    the other, so few of them wait for their original at any time.
    """
    if not source_of:
        return
    waiting: dict[str, list[str]] = {}
    for example_id, source_id in source_of.items():
        waiting.setdefault(source_id, []).append(example_id)
    columns = ["example_id", "source_id", "version", "pixels"]
    wanted = pads.field("source_id").isin(list(waiting))
    versions: dict[str, np.ndarray] = {}
    originals: dict[str, np.ndarray] = {}
    location = splits.folder(examples_folder, "test")
    for batch in read_batches(location, columns, wanted, batch_rows):
        squares = pixel_columns.squares(batch["pixels"], config.images.model_size_px)
        ids = [batch[name].to_pylist() for name in columns[:3]]
        for example_id, source_id, version, pixels in zip(*ids, squares, strict=True):
            if version == 0:
                originals[source_id] = pixels.copy()  # a view would keep the whole batch
            if example_id in source_of:
                versions[example_id] = pixels.copy()
            original = originals.get(source_id)
            if original is None:
                continue
            ready = [name for name in waiting[source_id] if name in versions]
            waiting[source_id] = [name for name in waiting[source_id] if name not in ready]
            if not waiting[source_id]:
                del originals[source_id]
            for name in ready:
                yield _Pair(name, original, versions.pop(name))


def _mark_same_pictures(
    config: Config, examples_folder: str, answers: pd.DataFrame, batch_rows: int
) -> None:
    """Of mistakes whose version the class that was named explains as well."""
    wrong = answers[answers["reason"] != ""].set_index("example_id")
    if wrong.empty:
        return
    frequency = answers["true"].value_counts()
    said, true = (frequency.reindex(wrong[name], fill_value=0) for name in ("said", "true"))
    # Where the true class is the more frequent one, to name it would have been the better guess.
    possible = wrong[said.to_numpy() >= true.to_numpy()]
    source_of = {str(name): str(source) for name, source in possible["source_id"].items()}
    same = [
        pair.example_id
        for pair in pairs(config, examples_folder, source_of, batch_rows=batch_rows)
        if _explains(config, str(wrong["said"][pair.example_id]), pair)
    ]
    answers.loc[answers["example_id"].isin(same), "reason"] = SAME_PICTURE


def _explains(config: Config, said: str, pair: _Pair) -> bool:
    ranges = config.augment.ranges.get(said, {})
    return lookalikes.could_be(said, ranges, pair.original, pair.pixels)


def _judge_twin(
    config: Config, examples_folder: str, answers: pd.DataFrame, technique: str, batch_rows: int
) -> dict[str, Any]:
    """Whether anybody tells this technique's versions from originals; marks the mistakes if not."""
    two = (taxonomy.ORIGINAL, technique)
    asked = answers[answers["true"].isin(two) & answers["said"].isin(two)]
    encoder = _against_coin(asked, two)
    mistakes = asked.index[asked["reason"] != ""]
    told_apart = encoder is not None and _beats_coin(encoder)
    probe = None
    if len(mistakes) and not told_apart:
        probe = _probe(config, examples_folder, technique, batch_rows)
        told_apart = _beats_coin(probe)
    if len(mistakes) and not told_apart:
        _mark_either_way(answers, asked)
    return {
        "technique": technique,
        "rows": [int((asked["true"] == name).sum()) for name in two],
        "mistakes": len(mistakes),
        "encoder": encoder,
        "probe": probe,
        "told_apart": told_apart,
    }


def _against_coin(asked: pd.DataFrame, two: tuple[str, str]) -> dict[str, float] | None:
    """Mean of the two classes' shares of right answers; None where one of them has no rows."""
    shares, variances = [], []
    for name in two:
        rows = asked[asked["true"] == name]
        if rows.empty:
            return None
        hits = int((rows["said"] == name).sum())
        shares.append(hits / len(rows))
        # With a hit and a miss added: of a few rows that are all right the error is not zero.
        likely = (hits + 1) / (len(rows) + 2)
        variances.append(metrics.accuracy_standard_error(likely, len(rows)) ** 2)
    error = float(np.sqrt(sum(variances))) / 2
    return {"right": float(np.mean(shares)), "standard_error": error}


def _beats_coin(witness: dict[str, float]) -> bool:
    return witness["right"] - 0.5 > _STANDARD_ERRORS * witness["standard_error"]


def _probe(
    config: Config, examples_folder: str, technique: str, batch_rows: int
) -> dict[str, float]:
    fitted, judged = (
        asymmetry.layouts(_originals(config, examples_folder, split, batch_rows))
        for split in ("train", "test")
    )
    return {
        "right": asymmetry.told_apart(technique, fitted, judged),
        # A coin's. An original and its twin are one answer, not two.
        "standard_error": metrics.accuracy_standard_error(0.5, len(judged)),
    }


def _originals(
    config: Config, examples_folder: str, split: Split, batch_rows: int
) -> Iterator[np.ndarray]:
    """Pixels of a split's originals; of many the same ones every time."""
    location = splits.folder(examples_folder, split)
    table = read_table(location, columns=["example_id", "version"])
    chosen = sorted(table.loc[table["version"] == 0, "example_id"])[:_PROBE_PICTURES]
    wanted = pads.field("example_id").isin(chosen)
    for batch in read_batches(location, ["pixels"], wanted, batch_rows):
        yield from pixel_columns.squares(batch["pixels"], config.images.model_size_px)


def _mark_either_way(answers: pd.DataFrame, asked: pd.DataFrame) -> None:
    """The rarer class's mistakes first, then the other's, as many as the rarer class has rows."""
    frequency = asked["true"].value_counts()
    allowance = int(frequency.min()) if len(frequency) == 2 else len(asked)
    allowance -= int((asked["reason"] == SAME_PICTURE).sum())
    open_ = asked[asked["reason"] == AVOIDABLE]
    rank = open_["true"].map(frequency)
    chosen = rank.sort_values(kind="stable").index[: max(allowance, 0)]
    answers.loc[chosen, "reason"] = EITHER_WAY


def _totals(answers: pd.DataFrame) -> dict[str, Any]:
    reasons = {name: int((answers["reason"] == name).sum()) for name in (SAME_PICTURE, EITHER_WAY)}
    rows, mistakes = len(answers), int((answers["reason"] != "").sum())
    unavoidable = sum(reasons.values())
    return {
        "rows": rows,
        "mistakes": mistakes,
        "unavoidable": unavoidable,
        "avoidable": mistakes - unavoidable,
        "reasons": reasons,
        "accuracy": 1 - mistakes / rows,
        "forgiven": 1 - (mistakes - unavoidable) / rows,
        "ceiling": 1 - unavoidable / rows,
    }


def _in_order(answers: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    for name in taxonomy.AUGMENTATION_CLASSES:
        rows = answers[answers["true"] == name]
        if len(rows):
            yield name, rows


def _class_row(name: str, rows: pd.DataFrame) -> dict[str, Any]:
    totals = _totals(rows)
    kept = ("rows", "mistakes", "unavoidable", "avoidable", "reasons")
    return {"class": name} | {key: totals[key] for key in kept}


def _confusions(answers: pd.DataFrame) -> list[dict[str, Any]]:
    """The most frequent ones, each with an example of what most of it is."""
    wrong = answers[answers["reason"] != ""]
    found = []
    for (true, said), rows in wrong.groupby(["true", "said"], sort=True):
        reason = rows["reason"].mode().min()
        example = rows[rows["reason"] == reason].iloc[0]
        totals = _totals(rows)
        found.append(
            {
                "true": true,
                "said": said,
                "mistakes": totals["mistakes"],
                "unavoidable": totals["unavoidable"],
                "avoidable": totals["avoidable"],
                "reason": reason,
                "example_id": example["example_id"],
                "source_id": example["source_id"],
            }
        )
    return sorted(found, key=lambda row: -row["mistakes"])[:_CONFUSIONS]
