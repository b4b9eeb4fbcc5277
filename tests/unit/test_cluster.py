"""The cluster YAML is what Ray's own schema accepts, and leaves nothing to Ray's defaults."""

import shlex
from collections.abc import Iterator

import pytest
from cluster_files import read
from ray.autoscaler._private.util import prepare_config, validate_config
from ray.scripts import scripts

FILES = ("local.yaml", "aws.yaml")


@pytest.mark.parametrize("file", FILES)
def test_ray_accepts_the_cluster_file(file: str) -> None:
    validate_config(prepare_config(read(file)))


@pytest.mark.parametrize("file", FILES)
def test_a_misspelt_key_would_be_found(file: str) -> None:
    with pytest.raises(Exception, match="idle_timeout_minute"):
        validate_config(prepare_config(read(file) | {"idle_timeout_minute": 1}))


@pytest.mark.parametrize("file", FILES)
def test_no_command_is_left_to_the_defaults_which_install_a_nightly_ray(file: str) -> None:
    written = read(file)
    filled = prepare_config(read(file))
    common = written["setup_commands"]
    for key in ("initialization_commands", "setup_commands", *starts(filled)):
        assert filled[key] == written[key]
    for key in ("head_setup_commands", "worker_setup_commands"):
        assert filled[key] == common + written[key]


@pytest.mark.parametrize("file", FILES)
def test_options_of_ray_start_are_ones_that_it_has(file: str) -> None:
    config = read(file)
    for key in starts(config):
        _, _, options = config[key][-1].partition("ray start ")
        scripts.start.make_context("start", shlex.split(options))


def test_every_key_of_the_aws_file_is_written_there() -> None:
    assert prepare_config(read("aws.yaml")).keys() == read("aws.yaml").keys()


def starts(config: dict[str, list[str]]) -> Iterator[str]:
    return (key for key in config if key.endswith("_start_ray_commands"))


def test_no_machine_of_the_local_file_starts_without_the_token() -> None:
    config = read("local.yaml")
    assert config["file_mounts"] == {"~/.ray/auth_token": "~/.ray/auth_token"}
    for key in starts(config):
        assert "RAY_AUTH_MODE=token ray start" in config[key][-1]


def test_the_local_heads_autoscaler_does_not_count_it_as_a_worker() -> None:
    """In the newer autoscaler both are of the one kind that Ray knows of a local cluster."""
    assert list(prepare_config(read("local.yaml"))["available_node_types"]) == [
        "local.cluster.node"
    ]
    assert " RAY_enable_autoscaler_v2=0 " in read("local.yaml")["head_start_ray_commands"][-1]


def test_a_head_that_is_started_again_does_not_sign_off() -> None:
    """Its own autoscaler would end the machine."""
    assert read("aws.yaml")["head_start_ray_commands"][0] == "ray stop --force"
