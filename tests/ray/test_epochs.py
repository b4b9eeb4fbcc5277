"""Which rows an epoch is made of: each once, the same again, in another order in the next epoch."""

import hashlib
from collections import Counter

import pytest
import torch

from emailimg import config, splits
from emailimg.encoder_spec import EncoderSpec
from emailimg.fixed_shares import FixedShares
from emailimg.parquet import read_table
from emailimg.stages import Workspace
from emailimg.taxonomy import AUGMENTATION_CLASSES
from emailimg.train_encoder.batches import TrainingData

CPU = torch.device("cpu")
SPEC = EncoderSpec("resnet18", 32, {"augmentation_class": AUGMENTATION_CLASSES})
ORIGINAL = AUGMENTATION_CLASSES.index("original")


def training(workspace: str, fresh: bool, workers: int = 2) -> TrainingData:
    where = Workspace(workspace)
    examples = len(read_table(splits.folder(where.folder("examples"), "train"), ["version"]))
    settings = config.load(
        "tiny", assignments=[f"encoder.fresh_versions={fresh}", "encoder.batch_size=16"]
    )
    folders = where.folder("catalogue"), where.folder("examples")
    return TrainingData(settings, SPEC, *folders, examples, workers)


def pictures(data: TrainingData, epoch: int) -> list[list[tuple[str, int]]]:
    """Per worker its pictures of an epoch, in order: a hash of the pixels, and the class."""
    train = data.datasets()["train"]
    shares = FixedShares().configure({"train": train}, data.workers)
    found = []
    for share in shares:
        rows = share["train"].materialize()
        batches = list(data.training_batches(rows, epoch, CPU))
        assert {len(pixels) for pixels, _ in batches[: data.steps_per_epoch]} == {8}
        found.append(
            [
                (hashlib.sha256(picture.numpy().tobytes()).hexdigest(), int(truth))
                for pixels, targets in batches
                for picture, truth in zip(pixels, targets["augmentation_class"], strict=True)
            ]
        )
    return found


@pytest.mark.parametrize("fresh", [False, True])
def test_an_epoch_is_the_same_again_and_another_one_is_not(
    interrupted_run: str, fresh: bool
) -> None:
    data = training(interrupted_run, fresh)
    first, again, second = (pictures(data, epoch) for epoch in (1, 1, 2))
    assert first == again
    assert first != second
    whole = [Counter(one for worker in epoch for one in worker) for epoch in (first, second)]
    originals = [{picture for picture in counted if picture[1] == ORIGINAL} for counted in whole]
    assert originals[0] == originals[1]
    assert (whole[0] == whole[1]) is not fresh, "new versions are drawn exactly where asked for"
    assert sum(whole[0].values()) == data.examples // 4 * 4


def test_workers_share_the_rows_without_overlap(interrupted_run: str) -> None:
    one, other = pictures(training(interrupted_run, fresh=False), 1)
    assert len(one) == len(other)
    assert not {hash_ for hash_, _ in one} & {hash_ for hash_, _ in other}
