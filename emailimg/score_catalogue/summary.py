"""What a scored catalogue looks like: counted shard by shard, added up, as JSON and as text."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from emailimg import taxonomy
from emailimg.boosters import Prediction
from emailimg.question import Question
from emailimg.score_catalogue.pictures import Reject
from emailimg.score_catalogue.scoring import Facts

_KEY = ("target", "campaign_type", "industry")
_BINS = 100  # of the histogram, which quantiles are read from
_RANKED = 10  # best and worst images that are named
_QUANTILES = (0.1, 0.5, 0.9)
_MOST_LINES, _MOST_NAMED = 30, 4
_SHOWN = 3


def of_shard(
    facts: Facts, rejects: Sequence[Reject], found: Iterable[tuple[Question, Prediction]]
) -> dict[str, Any]:
    """A shard's summary, which `add_up` adds to others."""
    return {
        "images": len(facts) + len(rejects),
        "scored": len(facts),
        "rejected": dict(Counter(reject.reason for reject in rejects)),
        "out_of_domain": sum(bool(outside) for outside in facts.out_of_domain),
        "questions": [_of_question(facts, *answered) for answered in found],
    }


def _of_question(facts: Facts, question: Question, found: Prediction) -> dict[str, Any]:
    counts, _ = np.histogram(found.probability, bins=_BINS, range=(0, 1))
    ranked = _ranked(facts, found)
    return {
        **{name: getattr(question, name) for name in _KEY},
        "sum": float(found.probability.sum()),
        "histogram": counts.tolist(),
        "highest": ranked[::-1][:_RANKED],
        "lowest": ranked[:_RANKED],
    }


def _ranked(facts: Facts, found: Prediction) -> list[dict[str, Any]]:
    """The images from the lowest probability to the highest, less those it is a guess for."""
    order = np.argsort(found.probability, kind="stable")
    inside = [int(row) for row in order if not facts.out_of_domain[row]]
    ends = inside if len(inside) <= 2 * _RANKED else inside[:_RANKED] + inside[-_RANKED:]
    return [
        {
            "source_uri": facts.source_uris[row],
            "image_id": facts.image_ids[row],
            "probability": float(found.probability[row]),
            "low": float(found.low[row]),
            "high": float(found.high[row]),
        }
        for row in ends
    ]


def add_up(shards: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The summary of all shards, of which no more than one is held at a time.

    Per question: mean, quantiles (to a percentage point), a histogram of 100 bins from 0 to 1, and
    the best and worst images; best is lowest where the target is one to avoid. Images unlike the
    bundle's catalogue are counted, but not named as best or worst: their probability is a guess.
    """
    counts = dict.fromkeys(("images", "scored", "out_of_domain"), 0)
    rejected: Counter[str] = Counter()
    questions: dict[tuple[str, ...], dict[str, Any]] = {}
    for shard in shards:
        counts = {name: count + shard[name] for name, count in counts.items()}
        rejected.update(shard["rejected"])
        for part in shard["questions"]:
            key = tuple(part[name] for name in _KEY)
            questions[key] = _added(questions[key], part) if key in questions else part
    return {
        **counts,
        "rejected": dict(sorted(rejected.items())),
        "questions": [_described(question) for question in questions.values()],
    }


def _added(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Two parts of one question's images as one."""
    highest = sorted(
        one["highest"] + other["highest"], key=lambda i: (-i["probability"], i["source_uri"])
    )
    lowest = sorted(
        one["lowest"] + other["lowest"], key=lambda i: (i["probability"], i["source_uri"])
    )
    return one | {
        "sum": one["sum"] + other["sum"],
        "histogram": np.add(one["histogram"], other["histogram"]).tolist(),
        "highest": highest[:_RANKED],
        "lowest": lowest[:_RANKED],
    }


def _described(question: dict[str, Any]) -> dict[str, Any]:
    histogram = np.array(question["histogram"])
    ends = [question["highest"], question["lowest"]]
    avoided = question["target"] in taxonomy.LOWER_IS_BETTER
    best, worst = ends[::-1] if avoided else ends
    return {
        **{name: question[name] for name in _KEY},
        "mean": question["sum"] / int(histogram.sum()),
        "quantiles": {f"{q:.0%}": _quantile(histogram, q) for q in _QUANTILES},
        "histogram": question["histogram"],
        "best": best,
        "worst": worst,
    }


def _quantile(histogram: np.ndarray, share: float) -> float:
    """As if a bin's images were spread evenly over it."""
    reached = np.concatenate([[0], np.cumsum(histogram)])
    return float(np.interp(share * reached[-1], reached, np.linspace(0, 1, len(reached))))


def text(summary: dict[str, Any]) -> str:
    """The summary for a terminal."""
    asked = summary["questions"]
    named = asked if len(asked) <= _MOST_NAMED else []
    return "\n".join([_counts(summary), *_table(asked), *(_ends(each) for each in named)])


def _counts(summary: dict[str, Any]) -> str:
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in summary["rejected"].items())
    rejected = sum(summary["rejected"].values())
    return (
        f"{summary['images']:,} images: {summary['scored']:,} scored, of which "
        f"{summary['out_of_domain']:,} unlike the catalogue; {rejected:,} rejected"
        + (f" ({reasons})" if reasons else "")
    )


def _table(asked: Sequence[dict[str, Any]]) -> list[str]:
    if not asked:
        return []
    lines = [
        _line("target", "campaign type", "industry", "mean", *map("{:.0%}".format, _QUANTILES))
    ]
    for each in asked[:_MOST_LINES]:
        numbers = [each["mean"], *each["quantiles"].values()]
        names = each["target"], each["campaign_type"], each["industry"]
        lines.append(_line(*names, *map("{:.1%}".format, numbers)))
    left = len(asked) - _MOST_LINES
    return ["", *lines, *([f"and {left:,} more in summary.json"] if left > 0 else [])]


def _line(target: str, campaign: str, industry: str, *numbers: str) -> str:
    names = f"{target:<19} {campaign:<21} {industry:<35}"
    return names + "".join(f"{number:>7}" for number in numbers)


def _ends(asked: dict[str, Any]) -> str:
    lines = [f"\n{asked['target']}, {asked['campaign_type']}, {asked['industry']}"]
    for name in ("best", "worst"):
        for image in asked[name][:_SHOWN]:
            lines.append(
                f"  {name:<6} {image['probability']:6.1%} ({image['low']:.1%} to "
                f"{image['high']:.1%})  {image['source_uri']}"
            )
    return "\n".join(lines)
