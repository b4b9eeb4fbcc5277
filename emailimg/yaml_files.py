"""Reading YAML files, local or s3://, of which a user may have written something else."""

from typing import Any

import yaml

from emailimg import storage
from emailimg.errors import ConfigError


def read(location: str, what: str) -> Any:
    """The file's content; raises ConfigError when it does not exist or is not YAML.

    what: the file is, for the message: `config file`.
    """
    if not storage.exists(location):
        raise ConfigError(f"{what} {location!r} does not exist")
    try:
        return yaml.safe_load(storage.read_bytes(location))
    except yaml.YAMLError as error:
        raise ConfigError(f"{what} {location!r} is not YAML: {error}") from None
