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
        "target": question.target,
        "campaign_type": question.campaign_type,
        "industry": question.industry,
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


def add_up(shards: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The summary of all shards.

    Per question: mean, quantiles (to a percentage point), a histogram of 100 bins from 0 to 1, and
    the best and worst images; best is lowest where the target is one to avoid. Images unlike the
    bundle's catalogue are counted, but not named as best or worst: their probability is a guess.
    """
    rejected: Counter[str] = Counter()
    for shard in shards:
        rejected.update(shard["rejected"])
    counts = {name: sum(s[name] for s in shards) for name in ("images", "scored", "out_of_domain")}
    by_question: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for part in (part for shard in shards for part in shard["questions"]):
        key = part["target"], part["campaign_type"], part["industry"]
        by_question.setdefault(key, []).append(part)
    return {
        **counts,
        "rejected": dict(sorted(rejected.items())),
        "questions": [_merged(*item) for item in by_question.items()],
    }


def _merged(key: tuple[str, str, str], parts: list[dict[str, Any]]) -> dict[str, Any]:
    histogram = np.sum([part["histogram"] for part in parts], axis=0)
    highest = [image for part in parts for image in part["highest"]]
    lowest = [image for part in parts for image in part["lowest"]]
    highest.sort(key=lambda image: (-image["probability"], image["source_uri"]))
    lowest.sort(key=lambda image: (image["probability"], image["source_uri"]))
    ends = [highest[:_RANKED], lowest[:_RANKED]]
    best, worst = ends[::-1] if key[0] in taxonomy.LOWER_IS_BETTER else ends
    return {
        **dict(zip(("target", "campaign_type", "industry"), key, strict=True)),
        "mean": sum(part["sum"] for part in parts) / int(histogram.sum()),
        "quantiles": {f"{q:.0%}": _quantile(histogram, q) for q in _QUANTILES},
        "histogram": histogram.tolist(),
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
