"""Calls to other parts: time limits, replicas that die, and errors that crossed a process."""

import asyncio
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from ray.exceptions import ActorDiedError, ActorUnavailableError, RayActorError, RayTaskError
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError

from emailimg.errors import BundleError, TaxonomyError
from serve_app.calls import Part
from serve_app.failures import ApiError


class Scripted:
    """Raises or gives back one thing after the other."""

    def __init__(self, *script: Any) -> None:
        self.script = list(script)

    async def work(self, *args: Any) -> Any:
        step = self.script.pop(0)
        if isinstance(step, BaseException):
            raise step
        return step, args


def ask(part: Any, *args: Any, **limits: float) -> Any:
    return asyncio.run(Part.of(part, timeout_s=20).ask("work", *args, **limits))


def across_a_process(error: Exception) -> RayTaskError:
    """As Ray gives it to the caller: pickled, wrapped, and of both kinds."""
    there = pickle.loads(pickle.dumps(error))
    return RayTaskError("work", "traceback", there).as_instanceof_cause()


def test_a_replica_that_died_is_asked_again():
    part = Scripted(ActorDiedError(), RayActorError(), "answer")
    assert ask(part, 1, 2) == ("answer", (1, 2))
    part = Scripted(ActorUnavailableError("gone", None), "answer")
    assert ask(part) == ("answer", ())


def test_not_for_ever():
    part = Scripted(*[RayActorError() for _ in range(9)])
    with pytest.raises(ApiError) as caught:
        ask(part)
    assert (caught.value.status_code, caught.value.code) == (503, "unavailable")
    assert caught.value.headers == {"retry-after": "1"}
    assert len(part.script) == 6


@pytest.mark.parametrize("error", [BackPressureError(1, 1), DeploymentUnavailableError(None)])
def test_overload_is_not_asked_again(error: Exception):
    part = Scripted(error, "answer")
    with pytest.raises(ApiError) as caught:
        ask(part)
    assert caught.value.status_code == 503
    assert len(part.script) == 1


def test_a_late_answer_is_a_timeout():
    class Slow:
        async def work(self) -> None:
            await asyncio.sleep(20)

    with pytest.raises(ApiError, match=r"within 0\.05 s") as caught:
        ask(Slow(), timeout_s=0.05)
    assert caught.value.status_code == 504


@pytest.mark.parametrize("wrap", [across_a_process, lambda error: error], ids=["remote", "here"])
class TestErrors:
    def test_a_callers_mistake_keeps_its_words(self, wrap: Callable[[Exception], Exception]):
        with pytest.raises(TaxonomyError) as caught:
            ask(Scripted(wrap(TaxonomyError("unknown make 'Fjord'", ("Aldoria",)))))
        assert str(caught.value) == "unknown make 'Fjord'"
        assert caught.value.accepted == ("Aldoria",)

    def test_a_failure_keeps_its_status(self, wrap: Callable[[Exception], Exception]):
        sent = ApiError(422, "unknown_value", "what", ("a", "b"), {"x-y": "1"})
        with pytest.raises(ApiError) as caught:
            ask(Scripted(wrap(sent)))
        assert type(caught.value) is ApiError
        assert caught.value.__reduce__() == sent.__reduce__()

    def test_a_bundle_that_is_gone_is_no_bug_and_its_place_is_not_told(
        self, wrap: Callable[[Exception], Exception], caplog: pytest.LogCaptureFixture
    ):
        with caplog.at_level("WARNING"), pytest.raises(ApiError) as caught:
            ask(Scripted(wrap(BundleError("bundle '/srv/secret' was replaced"))))
        assert (caught.value.status_code, caught.value.code) == (503, "bundle_gone")
        assert caught.value.headers == {"retry-after": "1"}
        assert "secret" not in str(caught.value.detail)
        assert "/srv/secret" in caplog.text

    def test_a_bug_stays_one(self, wrap: Callable[[Exception], Exception]):
        with pytest.raises(ZeroDivisionError):
            ask(Scripted(wrap(ZeroDivisionError("1/0"))))


def test_failures_survive_two_processes():
    """The recommender asks the classifiers: what they raise arrives wrapped once more."""

    async def inner() -> None:
        await Part.of(Scripted(across_a_process(BackPressureError(1, 1))), 20).ask("work")

    with pytest.raises(ApiError) as first:
        asyncio.run(inner())
    with pytest.raises(ApiError) as second:
        ask(Scripted(across_a_process(first.value)))
    assert second.value.code == "unavailable"
