"""Why a trial failed, in a line."""

from emailimg.errors import TrainingError
from emailimg.tuning import objective


def test_the_users_error_inside_says_why() -> None:
    outer = RuntimeError("a page of traceback")
    outer.__cause__ = TrainingError("the loss became infinite\n  in epoch 3")
    assert objective.reason(outer) == "the loss became infinite in epoch 3"


def test_of_another_error_its_kind_and_last_line_say_why() -> None:
    assert objective.reason(ValueError("first\nlast  words\n")) == "ValueError: last words"
    assert objective.reason(KeyError()) == "KeyError:"
    long = objective.reason(ValueError("x" * 1000))
    assert len(long) == 300
    assert long.endswith("…")


def test_what_is_not_known_yet_is_no_number() -> None:
    told = objective.progress(3, 0.5)
    assert (told[objective.STEP], told[objective.CHECKED]) == (3, 0.5)
    assert told[objective.VALUE] != told[objective.VALUE]
