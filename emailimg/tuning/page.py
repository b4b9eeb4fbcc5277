"""The page of a search: one self-contained HTML file, in the report's style."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

import emailimg
from emailimg.report import templates
from emailimg.tuning import space
from emailimg.tuning.runs import Plan
from emailimg.tuning.trials import Trial


def render(
    plan: Plan,
    ended: Sequence[Trial],
    best: Trial,
    importance: Mapping[str, float],
    drawn: Mapping[str, Markup],
) -> str:
    """ended: all trials, the best first; drawn: the plots by name."""
    own = space.current(plan.space, plan.config)
    states = [trial.state for trial in ended]
    # The style sheet is the report's.
    environment = templates.environment("emailimg.tuning", "emailimg.report")
    return environment.get_template("page.html.jinja").render(
        version=emailimg.__version__,
        plan=plan,
        trials=ended,
        heads=space.short_names(plan.space),
        best=best,
        before=next((t for t in ended if t.params == own and t.value is not None), None),
        stopped=states.count("stopped early"),
        failed=states.count("failed"),
        importance=importance,
        drawn=drawn,
    )
