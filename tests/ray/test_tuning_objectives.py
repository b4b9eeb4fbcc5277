"""What a search makes smaller: real boosters, a real encoder, and both together."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import ray

from emailimg import classifiers, config, features, held_out, splits, storage, taxonomy
from emailimg.errors import ConfigError
from emailimg.parquet import write_table
from emailimg.stages import Workspace
from emailimg.tuning import classifiers_objective, encoder_objective, joint_objective, runs, trials
from emailimg.tuning.objective import Objective
from emailimg.tuning.runs import Plan
from emailimg.tuning.space import Categorical, Integer, Space
from emailimg.tuning.trials import Record, Trial
from tune_jobs import tune_encoder

pytestmark = pytest.mark.usefixtures("ray_cluster")

WIDTH = 2
TARGETS = ("open_rate", "conversion_rate")
SMALL = ["encoder.epochs=1", "encoder.num_workers=1", "encoder.fresh_versions=false"]
SMALL += ["search.targets=[open_rate]"]


class Quiet:
    """Watches without a word."""

    def begin(self, record: Record) -> None: ...

    def reached(self, number: int, step: int, checked: float) -> None: ...

    def ended(self, trial: Trial) -> None: ...


@pytest.fixture(scope="module")
def embeddings(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Whether two columns have the same sign decides both targets: trees of depth 1 cannot tell."""
    location = str(tmp_path_factory.mktemp("embeddings"))
    rng = np.random.default_rng(0)
    for split in splits.SPLITS:
        embedding = rng.normal(size=(400, WIDTH)).astype(np.float32)
        campaign = rng.choice(taxonomy.CAMPAIGN_TYPES, len(embedding))
        industry = rng.choice(taxonomy.INDUSTRIES, len(embedding))
        matrix = features.assemble(embedding, campaign, industry)
        table = pd.DataFrame(matrix, columns=features.feature_columns(WIDTH))
        table["source_id"] = [f"{split}-{row // 2}" for row in range(len(embedding))]
        table["version"] = np.arange(len(embedding)) % 2
        truth = np.where(embedding[:, 0] * embedding[:, 1] > 0, 0.9, 0.1)
        for target in TARGETS:
            successes = rng.binomial(10, truth)
            table[f"{target}_k"], table[f"{target}_n"] = successes, 10
            table[f"{target}_rate"] = (successes / 10).astype(np.float32)
            table[f"{target}_weight"] = np.float32(10)
        write_table(f"{splits.folder(location, split)}/0.parquet", table)
    return location


def plan(objective: Objective, space: Space, folder: Path, *assignments: str) -> Plan:
    settings = config.load("tiny", assignments=[*SMALL, *assignments])
    return Plan(
        objective, settings, space, str(folder), trials=2, data="d", strategy="grid", concurrent=1
    )


def test_boosters_report_their_rounds_and_are_stopped_early(
    embeddings: str, tmp_path: Path
) -> None:
    space: Space = {"classifiers.max_depth": Categorical(values=(4, 1))}  # in this order, by chance
    settings = config.load("tiny", assignments=SMALL)
    objective = classifiers_objective.create(settings, space, embeddings, TARGETS)
    assert (objective.steps, objective.first_check) == (40, 6)
    record = runs.run(plan(objective, space, tmp_path), Quiet())
    deep, flat = sorted(record.all, key=lambda trial: -trial.params["classifiers.max_depth"])
    assert deep.number == 0
    assert deep.state == "finished"
    assert [step for step, _ in deep.curve] == [6, 18, 20, 40]
    bare = ray.get(classifiers.train_task(settings.classifiers, embeddings, TARGETS[0]))
    base = held_out.base_rate_log_loss(embeddings, TARGETS[1])
    assert dict(deep.curve)[20] == pytest.approx((bare.log_loss + base) / 2)
    assert flat.state == "stopped early"
    assert flat.curve[-1][0] == 6
    deadline = time.monotonic() + 60
    while ray.available_resources().get("CPU") != 2:
        assert time.monotonic() < deadline, "the actors of the stopped trial are still there"
        time.sleep(0.2)


def test_an_encoder_is_searched_by_its_validation_error(
    interrupted_run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the command of the job; one of two trials fails."""
    file = tmp_path / "space.yaml"
    file.write_text("encoder.batch_size: {type: categorical, values: [32, 4096]}")
    command = ["--preset", "tiny", "--workspace", interrupted_run, "--space", str(file)]
    command += ["--trials", "2", "--strategy", "grid", "--out", str(tmp_path / "out")]
    done = tune_encoder.main([*command, *(part for one in SMALL for part in ("--set", one))])
    printed = capsys.readouterr()
    assert done == 0, printed.err
    record = trials.read(str(tmp_path / "out"))
    good, bad = sorted(record.all, key=lambda trial: trial.params["encoder.batch_size"])
    assert good.state == "finished"
    assert good.curve[0] == (1, good.value)
    assert bad.state == "failed"
    assert "do not fill one batch" in str(bad.failure)
    assert str(bad.failure) in printed.out
    best = config.load("tiny", str(tmp_path / "out" / "best.yaml"))
    assert best.encoder.batch_size == 32
    assert best.encoder.epochs == 1
    assert storage.list_files(str(tmp_path / "out" / "work")) == []


def test_encoder_and_classifiers_are_searched_together(
    interrupted_run: str, tmp_path: Path
) -> None:
    space: Space = {
        "embed.kind": Categorical(values=("logits", "pooled")),
        "classifiers.max_depth": Integer(min=2, max=3),
    }
    where = Workspace(interrupted_run).folder
    settings = config.load("tiny", assignments=SMALL)
    folders = where("catalogue"), where("examples")
    objective = joint_objective.create(settings, *folders, ["open_rate"])
    [one] = runs.run(replace(plan(objective, space, tmp_path), trials=1), Quiet()).all
    assert (one.state, one.failure) == ("finished", None)
    assert one.value is not None
    assert 0.3 < one.value < 1
    with pytest.raises(ConfigError, match=r"embed\.kind, .* cannot change .* \(--joint\)"):
        encoder_objective.create(settings, space, *folders)
