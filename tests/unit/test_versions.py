"""Bundles side by side: swapped while requests run, refused when bad, and never more than two."""

import asyncio
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from emailimg import bundle, storage
from emailimg.bundle import Bundle
from emailimg.errors import BundleError, ConfigError
from serve_app import versions
from serve_app.versions import BundleRef, Shelf


def copy_of(location: str, folder: Path, name: str) -> str:
    """A bundle of another version in the same format: its metrics are others."""
    target = shutil.copytree(location, folder / name)
    storage.write_json(str(target / bundle._METRICS), {"copy": name})
    write_manifest(target)
    return str(target)


def write_manifest(folder: Path) -> None:
    (folder / bundle._MANIFEST).unlink()
    bundle.seal(str(folder))


@pytest.fixture
def locations(bundle_location: str, tmp_path: Path) -> list[str]:
    return [copy_of(bundle_location, tmp_path, name) for name in ("first", "second", "third")]


class Maker:
    """Makes a part of a bundle, slowly, and counts."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.threads: set[str] = set()

    def __call__(self, opened: Bundle) -> str:
        self.made.append(opened.version)
        self.threads.add(threading.current_thread().name)
        time.sleep(0.02)
        return f"part of {opened.version}"


def test_callers_who_come_at_once_wait_for_the_same_part(locations: list[str]):
    first, second = map(versions.find, locations[:2])
    make = Maker()
    shelf = Shelf(make, first)

    async def ask() -> list[str]:
        refs = [second, first] * 20
        return await asyncio.gather(*(shelf.get(ref) for ref in refs))

    parts = asyncio.run(ask())
    assert parts == [f"part of {second.version}", f"part of {first.version}"] * 20
    assert make.made == [first.version, second.version]


def test_whoever_asked_first_may_leave(locations: list[str]):
    first, second = map(versions.find, locations[:2])
    make = Maker()
    shelf = Shelf(make, first)

    async def leave_and_ask() -> str:
        leaver = asyncio.create_task(shelf.get(second))
        other = asyncio.create_task(shelf.get(second))
        await asyncio.sleep(0.005)
        leaver.cancel()
        return await other

    assert asyncio.run(leave_and_ask()) == f"part of {second.version}"
    assert make.made == [first.version, second.version]


def test_two_are_held_and_the_least_used_is_made_again(locations: list[str]):
    first, second, third = map(versions.find, locations)
    make = Maker()
    shelf = Shelf(make, first)

    async def ask() -> None:
        for ref in (second, first, third):  # second is the least used now
            await shelf.get(ref)
        assert list(shelf._ready) == [first, third]
        await shelf.get(first)
        assert len(make.made) == 3
        await shelf.get(second)
        assert len(shelf._ready) == 2

    asyncio.run(ask())
    assert make.made[3:] == [second.version]
    assert shelf.newest == f"part of {second.version}"


def swap(shelf: Shelf[Any], user_config: Any) -> BundleRef | None:
    return asyncio.run(shelf.swap(user_config))


def test_a_good_bundle_is_swapped_in(locations: list[str]):
    shelf = Shelf(Maker(), versions.find(locations[0]))
    ref = swap(shelf, {"bundle": locations[1]})
    assert ref == versions.find(locations[1])
    assert shelf.newest == f"part of {ref.version}"


def damage(location: str, how: str) -> None:
    if how == "missing":
        shutil.rmtree(location)
    elif how == "half-written":
        Path(location, bundle._MANIFEST).unlink()
    elif how == "a file changed":
        path = next(Path(location).rglob("*.safetensors"))
        path.write_bytes(path.read_bytes()[:-1])
    elif how == "nonsense in a manifest that fits":
        next(Path(location).rglob("*.safetensors")).write_bytes(b"nonsense")
        write_manifest(Path(location))
    else:
        Path(location, bundle._MANIFEST).write_text(how)


@pytest.mark.parametrize(
    "how",
    ["missing", "half-written", "a file changed", "nonsense in a manifest that fits", "[]", "{"],
)
def test_a_bad_bundle_is_refused_and_the_old_one_kept(
    locations: list[str], caplog: pytest.LogCaptureFixture, how: str
):
    first = versions.find(locations[0])
    shelf = Shelf(lambda opened: opened.embedder(threads=1), first)
    before = shelf.newest
    damage(locations[1], how)
    assert swap(shelf, {"bundle": locations[1]}) is None
    assert shelf.newest is before
    assert "the old one stays" in caplog.text
    # And a good one is still taken afterwards.
    assert swap(shelf, {"bundle": locations[2]}) is not None


def test_storage_that_does_not_answer_is_no_reason_to_end(
    locations: list[str], monkeypatch: pytest.MonkeyPatch
):
    shelf = Shelf(Maker(), versions.find(locations[0]))

    def fail(_: str) -> BundleRef:
        raise OSError("no route to host")

    monkeypatch.setattr(versions, "find", fail)
    assert swap(shelf, {"bundle": "s3://bucket/new"}) is None


@pytest.mark.parametrize(
    "user_config",
    [None, {}, [], "bundle", {"bundle": ""}, {"bundle": 3}, {"bundle": "a", "colour": "red"}],
)
def test_a_user_config_that_is_none(locations: list[str], user_config: Any):
    with pytest.raises(ConfigError, match="bundle: FOLDER"):
        versions.location_in(user_config)
    assert swap(Shelf(Maker(), versions.find(locations[0])), user_config) is None


def test_a_folder_that_was_replaced_is_not_taken_for_the_one_before(locations: list[str]):
    first, second = map(versions.find, locations[:2])
    shutil.rmtree(locations[1])
    shutil.copytree(locations[2], locations[1])
    shelf = Shelf(Maker(), first)
    with pytest.raises(BundleError, match="was replaced"):
        asyncio.run(shelf.get(second))
    assert not shelf._coming
