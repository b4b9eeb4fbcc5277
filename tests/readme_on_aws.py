"""The commands of the README's "On AWS", with the bucket of the tests."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import yaml
from cluster_files import FOLDER
from s3_server import BUCKET

ROOT = FOLDER.parent
SECTION = (ROOT / "README.md").read_text().split("\n### On AWS\n")[1].split("\n### ")[0]


def commands() -> Iterator[str]:
    """Of the code blocks, and those in a sentence's backticks."""
    blocks = re.findall(r"^```\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)
    for block in blocks:
        yield from filter(None, map(str.strip, block.replace("\\\n", " ").splitlines()))
    prose = re.sub(r"^```\n.*?^```$", "", SECTION, flags=re.MULTILINE | re.DOTALL)
    yield from re.findall(r"`((?:ray|serve|aws) [a-z-]+ [^`]*)`", prose)


COMMANDS = list(commands())


def words(command: str) -> list[str]:
    """As the shell hands them to the program, whose output goes anywhere."""
    alone = re.split(r" (?:>|&&) ", command)[0].replace("$BUCKET", BUCKET)
    return shlex.split(re.sub(r"\$\([^)]*\)", "203.0.113.7", alone), comments=True)


def of_program(name: str) -> list[str]:
    return [command for command in COMMANDS if command.startswith(f"{name} ")]


def one(beginning: str) -> str:
    [found] = [command for command in COMMANDS if command.startswith(beginning)]
    return found


def option(command: str, name: str) -> str:
    given = words(command)
    return given[given.index(name) + 1]


def form(command: str) -> dict[str, str]:
    """What a `curl` sends, without its image."""
    fields = dict(each.split("=") for flag, each in pairwise(words(command)) if flag == "-F")
    assert fields.pop("image").startswith("@")
    return fields


def service_config(*, gpus: bool = True) -> str:
    """The Serve config file that its `sed` makes, where there are GPUs and where there are none."""
    command = one("sed ").replace("$BUCKET", BUCKET).split(" > ")[0]
    if not gpus:
        [also] = re.findall(r"\(without any: also `(-e [^`]*)`\)", SECTION)
        command = command.replace("sed ", f"sed {also} ")
    made = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return made.stdout


def with_new_code() -> dict[str, Any]:
    """What it has written into that file for new code of the service."""
    [line] = re.findall(r"`(runtime_env: {[^`]*)`", SECTION)
    return yaml.safe_load(line.replace("BUCKET", BUCKET))
