"""What a search leaves: best.yaml that a run accepts, tables, importance, and a page."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
import yaml

from emailimg import config
from emailimg.tuning import results
from emailimg.tuning.objective import Objective
from emailimg.tuning.runs import Plan
from emailimg.tuning.space import Categorical, Continuous, Integer
from emailimg.tuning.trials import Record, Trial

SPACE = {
    "classifiers.learning_rate": Continuous(min=0.01, max=0.3, scale="log"),
    "classifiers.max_depth": Integer(min=2, max=7),
    "embed.kind": Categorical(values=("logits", "pooled")),
}
OBJECTIVE = Objective("validation <loss>", lambda _, __: 0.0, [{"CPU": 1}], [], 10, 2)


def trials(count: int) -> list[Trial]:
    """The learning rate decides, and nothing else; one failed."""
    rng = np.random.default_rng(0)
    found = []
    for number in range(count):
        params = {name: parameter.value(rng.random()) for name, parameter in SPACE.items()}
        value = (np.log10(params["classifiers.learning_rate"]) + 1.5) ** 2
        found.append(Trial(number, params, "finished", float(value), seconds=1.5))
    failed = Trial(count, found[0].params, "failed", failure="<b>out of memory</b>")
    return [*found, failed]


def plan(folder: Path, *assignments: str) -> Plan:
    settings = config.load("tiny", assignments=assignments)
    return Plan(OBJECTIVE, settings, SPACE, str(folder), trials=25, data="")


def record(folder: Path, count: int = 24) -> Record:
    return Record(str(folder), {trial.number: trial for trial in trials(count)})


def test_a_run_accepts_best_yaml_and_gets_the_best_settings(tmp_path: Path) -> None:
    own = ["encoder.epochs=3", "search.trials=9", "labels.rules.conversion_rate=null"]
    where = results.write(plan(tmp_path, *own), record(tmp_path), "tiny")
    best = results.ranked(trials(24))[0]
    loaded = config.load("tiny", where)
    assert loaded.classifiers.learning_rate == best.params["classifiers.learning_rate"]
    assert loaded.embed.kind == best.params["embed.kind"]
    assert loaded.encoder.epochs == 3  # what the search was told apart from the preset
    assert "conversion_rate" not in loaded.labels.rules
    assert loaded.search == config.load("tiny").search
    assert set(yaml.safe_load(Path(where).read_text())) <= {
        "classifiers",
        "embed",
        "encoder",
        "labels",
    }


def test_the_tables_hold_every_trial(tmp_path: Path) -> None:
    results.write(plan(tmp_path), record(tmp_path), "tiny")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "results.csv").read_text())))
    assert [row["trial"] for row in rows] == [str(number) for number in range(25)]
    assert rows[-1]["failure"] == "<b>out of memory</b>"
    head, _, *lines = (tmp_path / "results.md").read_text().splitlines()
    assert head == OBJECTIVE.name
    assert len(lines) == 2 + 25
    assert len({len(line) for line in lines}) == 1
    best = results.ranked(trials(24))[0]
    assert lines[2].startswith(f"| {best.number} ")
    assert "failed: <b>out of memory</b>" in lines[-1]


def test_the_parameter_that_decides_is_the_most_important() -> None:
    important = results.importance(SPACE, trials(40))
    assert next(iter(important)) == "classifiers.learning_rate"
    assert important["classifiers.learning_rate"] > 0.5
    assert sum(important.values()) == pytest.approx(1)


def test_importance_is_not_told_from_a_few_trials_or_where_all_are_equal() -> None:
    assert results.importance(SPACE, trials(7)) == {}
    equal = [Trial(t.number, t.params, "finished", 0.5) for t in trials(20)]
    assert results.importance(SPACE, equal) == {}


@pytest.mark.parametrize("count", [1, 24])
def test_the_page_shows_all_and_escapes_what_it_is_given(tmp_path: Path, count: int) -> None:
    results.write(plan(tmp_path), record(tmp_path, count), "tiny")
    page = (tmp_path / "index.html").read_text()
    assert page.count("<svg") == (3 if count > 7 else 2)
    assert "<b>out of memory</b>" not in page
    assert "&lt;b&gt;out of memory" in page
    assert "1 trial failed" in page
    drawing = (tmp_path / "parallel.svg").read_text()
    assert drawing.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert "--accent: #" in drawing
    assert (tmp_path / "importance.svg").exists() == (count > 7)
