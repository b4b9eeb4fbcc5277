"""What the README names is there: commands, make targets, files, presets, settings."""

import re
from pathlib import Path

import pytest

from emailimg import cli, config

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("command", sorted(set(re.findall(r"emailimg ([a-z]+) ", README))))
def test_its_commands_are_commands(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main([command, "--help"])
    assert left.value.code == 0


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`?make ([a-z]+)", README))))
def test_its_make_targets_are_targets(target: str) -> None:
    assert f"\n{target}:" in (ROOT / "Makefile").read_text()


def test_its_map_names_every_file_of_the_library() -> None:
    library = README[README.index("emailimg/            ") : README.index("serve_app/           ")]
    files = {path.stem for path in (ROOT / "emailimg").iterdir() if path.suffix == ".py"}
    folders = {
        path.name for path in (ROOT / "emailimg").iterdir() if (path / "__init__.py").exists()
    }
    unnamed = {
        name
        for name in files | folders
        if not name.startswith("__") and not re.search(rf"\b{name}\b", library)
    }
    assert unnamed == set()


@pytest.mark.parametrize(
    "assignment", sorted(set(re.findall(r"`((?:\w+)\.(?:\w+)=(?:\w+))`", README)))
)
def test_its_settings_are_settings(assignment: str) -> None:
    config.load("tiny", assignments=[assignment])


def test_its_pictures_are_there() -> None:
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README)
    assert pictures
    for picture in pictures:
        assert (ROOT / picture).is_file()
