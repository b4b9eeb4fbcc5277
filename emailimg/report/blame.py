"""The encoder's mistakes in words: what could not be helped, and how that is known."""

from typing import Any

from emailimg.report import wording

REASONS = {
    "same_picture": "Unavoidable: the same picture",
    "either_way": "Unavoidable: either way round",
    "avoidable": "Avoidable",
}


def summary(explained: dict[str, Any]) -> str:
    """How many mistakes there are, how many could not be helped, and what that leaves."""
    rows, wrong, helpless = (explained[key] for key in ("rows", "mistakes", "unavoidable"))
    if not wrong:
        return f"All {wording.counted(rows, 'answer')} are right, so there is nothing to forgive."
    start = f"{wording.count(wrong)} of {wording.counted(rows, 'answer')} are wrong"
    if not helpless:
        return f"{start}. Nothing was found that would excuse any of them."
    reasons = explained["reasons"]
    parts = [
        f"{wording.count(reasons[key])} because {why}"
        for key, why in (
            ("same_picture", "what was named gives the very same picture"),
            ("either_way", "the scenes look as good the other way round"),
        )
        if reasons[key]
    ]
    return (
        f"{start}; {wording.count(helpless)} of them could not be helped, "
        f"{wording.listing(parts)}. With those forgiven the accuracy of "
        f"{wording.percent(explained['accuracy'])} would be "
        f"{wording.percent(explained['forgiven'])}; a model that made no others would reach "
        f"{wording.percent(explained['ceiling'])}."
    )


def twin(judged: dict[str, Any]) -> str:
    """Whether originals and the versions of one technique can be told apart, and who can."""
    encoder, probe = (_against_coin(judged[who]) for who in ("encoder", "probe"))
    if judged["told_apart"]:
        if not judged["probe"]:
            return (
                f"the encoder is right in {encoder} of the answers, so the scenes show their side."
            )
        return (
            f"the encoder is no better than a coin ({encoder}), but a linear probe of the layout "
            f"is ({probe}). The scenes show their side, and the encoder has yet to learn it."
        )
    if not judged["mistakes"]:
        return "too few rows to tell."
    return (
        f"neither the encoder ({encoder}) nor a linear probe of the layout ({probe}) is better "
        "than a coin. The scenes have no side that they share, and nobody could tell."
    )


def _against_coin(witness: dict[str, float] | None) -> str:
    if witness is None:
        return "not asked"
    right, error = (wording.percent(witness[key], 0) for key in ("right", "standard_error"))
    return f"{right} ± {error}"


def share(mistakes: int, unavoidable: int) -> str:
    """What of a confusion could not be helped: `12 times`, `12 times, 3 of them unavoidable`."""
    times = "once" if mistakes == 1 else f"{wording.count(mistakes)} times"
    if not unavoidable or mistakes == 1:
        return times
    if unavoidable == mistakes:
        return f"{times}, all unavoidable"
    return f"{times}, {wording.count(unavoidable)} unavoidable"
