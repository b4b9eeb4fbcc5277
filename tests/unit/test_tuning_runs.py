"""What Ray Tune is given of the driver's environment: no credentials."""

import pytest
from ray.tune.execution.class_cache import _ActorClassCache

from emailimg.tuning import runs


class Trial:
    """What Ray Tune would make an actor of."""


def test_credentials_of_the_driver_are_not_in_a_trials_runtime_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "swordfish")
    monkeypatch.setenv("RAY_TRAIN_HEALTH_CHECK_INTERVAL_S", "0.5")
    runs._keep_credentials_out()
    handed_on = _ActorClassCache().get(Trial)._default_options["runtime_env"]["env_vars"]
    assert "swordfish" not in handed_on.values()
    assert handed_on["RAY_TRAIN_HEALTH_CHECK_INTERVAL_S"] == "0.5"
