"""The runtime environment of jobs is one that Ray takes, and holds no secret."""

from pathlib import Path

import yaml
from ray.runtime_env import RuntimeEnv

FILE = Path(__file__).parents[2] / "cluster" / "runtime-env.yaml"


def test_ray_takes_the_runtime_environment() -> None:
    written = yaml.safe_load(FILE.read_text())
    taken = RuntimeEnv(**written)
    assert taken.working_dir() == "."
    assert taken.env_vars() == written["env_vars"]


def test_it_names_no_secret() -> None:
    """Ray shows it to everybody who may see the jobs."""
    for name in yaml.safe_load(FILE.read_text())["env_vars"]:
        assert not any(word in name.upper() for word in ("KEY", "SECRET", "TOKEN", "PASSWORD"))
