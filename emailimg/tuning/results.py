"""What a search has found: a table, best.yaml, the importance of its parameters, and its page.

best.yaml      settings that `emailimg run --config` lays over the same preset
results.md     all trials, the best first; results.csv for programs
index.html     plots and table; progress.svg, parallel.svg and importance.svg alone
"""

import csv
import io
import warnings
from typing import Any

import yaml

from emailimg import config as configs
from emailimg import storage
from emailimg.report import svg, wording
from emailimg.tuning import page, plots, proposals, space, trials
from emailimg.tuning.runs import Plan
from emailimg.tuning.space import Space
from emailimg.tuning.trials import Record, Trial

_FEWEST_FOR_IMPORTANCE = 8
_BEST_SHARE = 0.25


def write(plan: Plan, record: Record, preset: str) -> str:
    """Write all files into the search's folder; returns where best.yaml is."""
    best = trials.best(record.ended)
    assert best is not None, "a search without a result raises"
    important = importance(plan.space, record.ended)
    drawn = plots.draw(plan.space, record.all, plan.objective.name, important)
    files = {
        "best.yaml": best_yaml(plan, preset, best),
        "results.md": markdown(plan.space, record.ended, plan.objective.name),
        "results.csv": as_csv(record.ended),
        "index.html": page.render(plan, ranked(record.ended), best, important, drawn),
    } | {f"{name}.svg": svg.standalone(drawing) for name, drawing in drawn.items()}
    for name, text in files.items():
        storage.write_bytes(storage.join(plan.folder, name), text.encode())
    return storage.join(plan.folder, "best.yaml")


def best_yaml(plan: Plan, preset: str, best: Trial) -> str:
    """What the best trial's config has other than the preset, as YAML with a line on top."""
    tuned = space.apply(plan.config, best.params).model_dump(mode="json")
    differing = difference(tuned, configs.load(preset).model_dump(mode="json"))
    differing.pop("search", None)  # how it was searched, not what was found
    head = (
        f"# {plan.objective.name} {best.value:.6g}: trial {best.number} of {plan.trials}\n"
        f"# emailimg run --preset {preset} --config best.yaml\n"
    )
    return head + yaml.safe_dump(differing, sort_keys=False, allow_unicode=True)


def difference(top: dict[str, Any], base: dict[str, Any]) -> dict[str, Any]:
    """What to lay over `base` to get `top`; what `top` lacks becomes null."""
    changed: dict[str, Any] = {name: None for name in base if name not in top}
    for name, value in top.items():
        below = base.get(name)
        if value == below and name in base:
            continue
        both = isinstance(value, dict) and isinstance(below, dict)
        changed[name] = difference(value, below) if both else value  # type: ignore[arg-type]
    return changed


def ranked(ended: list[Trial]) -> list[Trial]:
    """The best first, those without a value last."""
    return sorted(ended, key=lambda t: (t.value is None, t.value or 0.0, t.number))


def markdown(searched: Space, ended: list[Trial], objective: str) -> str:
    """All trials, which line up in a terminal too."""
    heads = ["trial", "value", "state", "time", *space.short_names(searched)]
    rows = [heads] + [
        [
            str(trial.number),
            wording.decimal(trial.value, 5),
            trial.state if trial.failure is None else f"failed: {trial.failure}",
            wording.duration(trial.seconds),
            *(wording.plain(trial.params[name]) for name in searched),
        ]
        for trial in ranked(ended)
    ]
    widths = [max(3, *map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, ["-" * width for width in widths])
    lines = [" | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]
    return f"{objective}\n\n" + "".join(f"| {line} |\n" for line in lines)


def as_csv(ended: list[Trial]) -> str:
    """All trials in their order."""
    text = io.StringIO()
    names = list(ended[0].params)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["trial", "value", "state", "seconds", *names, "failure"])
    for trial in ended:
        known = [trial.number, trial.value, trial.state, trial.seconds]
        writer.writerow([*known, *(trial.params[name] for name in names), trial.failure])
    return text.getvalue()


def importance(searched: Space, ended: list[Trial]) -> dict[str, float]:
    """Share of each parameter, the largest first, in what sets the best quarter of trials apart.

    PED-ANOVA (Watanabe, Bansal and Hutter, 2023), Optuna's own evaluator. Empty where there are too
    few results to tell.
    """
    import optuna

    known = [trial for trial in ended if trial.value is not None]
    if len(known) < _FEWEST_FOR_IMPORTANCE or len({trial.value for trial in known}) < 2:
        return {}
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study()
    of_optuna = {name: proposals.distribution(p) for name, p in searched.items()}
    for trial in known:
        study.add_trial(
            optuna.create_trial(params=trial.params, distributions=of_optuna, value=trial.value)
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=_BEST_SHARE)
        return optuna.importance.get_param_importances(study, evaluator=evaluator)
