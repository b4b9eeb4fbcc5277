"""The training's history as the page tells it: which epoch was best, and where the time went."""

from typing import Any

from emailimg.report import wording

_HEAD = "validation_accuracy_"

# Columns of the table of epochs, where a run's history has them.
COLUMNS: dict[str, tuple[str, Any]] = {
    "epoch": ("Epoch", wording.count),
    "train_loss": ("Training loss", wording.decimal),
    "validation_loss": ("Validation loss", wording.decimal),
    "train_accuracy": ("Training accuracy", wording.percent),
    "validation_accuracy": ("Validation accuracy", wording.percent),
    "learning_rate": ("Learning rate", wording.plain),
    "images_per_s": ("Images/s", wording.count),
    "seconds": ("Training", wording.duration),
    "data_wait_s": ("of it waiting for data", wording.duration),
    "validation_seconds": ("Validation", wording.duration),
    "workers": ("Workers", wording.count),
}


def columns(history: list[dict[str, Any]]) -> list[str]:
    """Keys of `COLUMNS` that any epoch has a value for."""
    return [key for key in COLUMNS if any(_known(row, key) for row in history)]


def heads(history: list[dict[str, Any]]) -> list[str]:
    """The attributes whose validation accuracy was recorded, beyond that of the augmentation."""
    names = [key.removeprefix(_HEAD) for key in history[0] if key.startswith(_HEAD)]
    return [name for name in names if name not in ("augmentation_class", "techniques")]


def best(history: list[dict[str, Any]]) -> dict[str, Any]:
    """The epoch with the best mean validation accuracy over the heads; the first of equals."""
    return max(history, key=_score)


def _score(row: dict[str, Any]) -> float:
    accuracies = [row[key] for key in row if key.startswith(_HEAD) and _known(row, key)]
    if accuracies:
        return sum(accuracies) / len(accuracies)
    return row["validation_accuracy"] if _known(row, "validation_accuracy") else -1.0


def pace(history: list[dict[str, Any]]) -> str:
    """How long training took, how fast it was, and how much of it was waiting."""
    timed = [row for row in history if _known(row, "seconds")]
    seconds = sum(row["seconds"] for row in timed)
    if not seconds:
        return "How long it took was not recorded."
    images = sum(
        row["seconds"] * row["images_per_s"] for row in timed if _known(row, "images_per_s")
    )
    text = f"{wording.counted(len(history), 'epoch')} of training took {wording.duration(seconds)}"
    if images:
        text += f", {wording.count(images / seconds)} images per second"
    workers = history[-1].get("workers")
    if workers:
        text += f" on {wording.counted(int(workers), 'worker')}"
    text += "; " + wording.listing(others) if (others := _others(history, seconds)) else ""
    return text + "."


def _others(history: list[dict[str, Any]], seconds: float) -> list[str]:
    """Waiting for data, and what came on top of training."""
    found = []
    if waited := _total(history, "data_wait_s"):
        found.append(f"{wording.percent(waited / seconds, 0)} of that was waiting for data")
    if total := _total(history, "validation_seconds"):
        found.append(f"validation took {wording.duration(total)} more")
    return found


def _total(history: list[dict[str, Any]], key: str) -> float:
    return float(sum(row[key] for row in history if _known(row, key)))


def _known(row: dict[str, Any], key: str) -> bool:
    return not wording.is_missing(row.get(key))
