"""The options of both searches: their defaults, and what they change."""

from pathlib import Path

import pytest

from emailimg import config
from emailimg.tuning.objective import Objective
from emailimg.tuning.space import Integer
from tune_jobs import search_options

SPACE = {"classifiers.max_depth": Integer(min=2, max=7)}
OBJECTIVE = Objective("loss", lambda _, __: 0.0, [{"CPU": 1}], [], 10, 2)


def plan_of(*arguments: str) -> search_options.Plan:
    options = search_options.parser("tune", None).parse_args(["--preset", "tiny", *arguments])
    folder = search_options.folder(options, "classifiers")
    return search_options.plan(options, config.load("tiny"), OBJECTIVE, SPACE, folder, ["a"])


def test_the_config_says_what_the_options_do_not(tmp_path: Path) -> None:
    plan = plan_of("--workspace", str(tmp_path))
    settings = config.load("tiny").search
    assert (plan.trials, plan.seed) == (settings.trials, settings.seed)
    assert (plan.strategy, plan.concurrent, plan.early_stopping) == ("bayesian", None, True)
    assert plan.folder == f"{tmp_path}/tuning/classifiers"
    assert plan.warm_start is None


def test_options_win(tmp_path: Path) -> None:
    chosen = ["--trials", "9", "--seed", "0", "--strategy", "random", "--no-early-stopping"]
    plan = plan_of(*chosen, "--out", str(tmp_path), "--concurrent", "3", "--warm-start", "x")
    assert (plan.trials, plan.seed, plan.strategy) == (9, 0, "random")
    assert (plan.concurrent, plan.early_stopping, plan.folder) == (3, False, str(tmp_path))
    assert plan.warm_start == str(Path("x").resolve())


def test_a_space_of_a_file_replaces_the_usual(tmp_path: Path) -> None:
    file = tmp_path / "space.yaml"
    file.write_text("encoder.epochs: {type: integer, min: 1, max: 3}")
    options = search_options.parser("tune", None).parse_args(["--space", str(file)])
    assert search_options.searched(options, SPACE) == {"encoder.epochs": Integer(min=1, max=3)}


@pytest.mark.parametrize("wrong", [["--trials", "0"], ["--strategy", "luck"], ["--seed", "-1"]])
def test_what_makes_no_search_is_refused(wrong: list[str]) -> None:
    with pytest.raises(SystemExit):
        search_options.parser("tune", None).parse_args(wrong)
