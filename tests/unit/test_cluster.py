"""The cluster YAML is what Ray's own schema accepts, and leaves nothing to Ray's defaults."""

from pathlib import Path

import yaml
from ray.autoscaler._private.util import prepare_config, validate_config

LOCAL = Path(__file__).parents[2] / "cluster" / "local.yaml"


def test_ray_accepts_the_cluster_file() -> None:
    validate_config(prepare_config(yaml.safe_load(LOCAL.read_text())))


def test_no_command_is_left_to_the_defaults_which_install_a_nightly_ray() -> None:
    written = yaml.safe_load(LOCAL.read_text())
    filled = prepare_config(yaml.safe_load(LOCAL.read_text()))
    commands = [key for key in filled if key.endswith("_commands")]
    assert {key: filled[key] for key in commands} == {key: written[key] for key in commands}
