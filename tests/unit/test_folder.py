"""Folders of files: on the disk with its links and oddities, and on a real S3 server."""

import os
from pathlib import Path

import boto3
import pytest
from s3_server import BUCKET

from emailimg import storage
from emailimg.errors import SourceError
from emailimg.sources import folder


def names(location: str) -> list[str]:
    """Listed files, as paths below the folder."""
    base = storage.absolute(location)
    return [file.location.removeprefix(f"{base}/") for file in folder.list_files(location)]


def test_all_files_below_are_listed_in_order(base: str) -> None:
    wanted = ["a b.jpg", "b.jpg", "more/100%.png", "more/deep/ü#?.jpg"]
    for name in reversed(wanted):
        storage.write_bytes(storage.join(base, "cars", name), name.encode())
    storage.write_bytes(storage.join(base, "cars-beside", "c.jpg"), b"")
    for location in (storage.join(base, "cars"), storage.join(base, "cars/")):
        assert names(location) == wanted
    for file in folder.list_files(storage.join(base, "cars")):
        assert file.size == len(storage.read_bytes(file.location))


def test_what_changes_with_the_content(base: str) -> None:
    location = storage.join(base, "a.jpg")
    storage.write_bytes(location, b"one")
    before = folder.list_files(base)
    assert folder.list_files(base) == before
    storage.write_bytes(location, b"two")
    assert folder.list_files(base) != before


def test_rows_are_the_files_that_may_be_images(base: str) -> None:
    for name in ("a.jpg", "no suffix", ".hidden.jpg", "table.csv", "sub/notes.MD"):
        storage.write_bytes(storage.join(base, name), b"x")
    rows = folder.list_images(base)
    assert rows["source_uri"].tolist() == [f"{base}/a.jpg", f"{base}/no suffix"]


def test_a_folder_without_images_is_refused(base: str) -> None:
    storage.write_bytes(storage.join(base, "table.csv"), b"x")
    with pytest.raises(SourceError, match="no files that may be images"):
        folder.list_images(base)


def test_a_missing_folder_is_named(base: str) -> None:
    with pytest.raises(SourceError, match="/gone"):
        folder.list_files(storage.join(base, "gone"))


def test_a_single_file_is_no_folder(base: str) -> None:
    storage.write_bytes(storage.join(base, "a.jpg"), b"x")
    with pytest.raises(SourceError, match=r"a\.jpg' is a single file; give the folder"):
        folder.list_files(storage.join(base, "a.jpg"))


def test_an_uploaded_folder_has_no_marker_in_the_listing(bucket: str) -> None:
    client = boto3.client("s3")
    for key in ("uploaded/", "uploaded/sub/", "uploaded/sub/a.jpg"):
        client.put_object(Bucket=BUCKET, Key=key, Body=b"")
    assert names(f"{bucket}/uploaded") == ["sub/a.jpg"]


def test_an_empty_local_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    with pytest.raises(SourceError, match="holds no files"):
        folder.list_files(str(tmp_path))


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "real" / "sub").mkdir(parents=True)
    (tmp_path / "real" / "sub" / "a.jpg").write_bytes(b"12345")
    (tmp_path / "cars").mkdir()
    (tmp_path / "cars" / "folder").symlink_to(tmp_path / "real")
    (tmp_path / "cars" / "file.jpg").symlink_to(tmp_path / "real" / "sub" / "a.jpg")
    assert names(str(tmp_path / "cars")) == ["file.jpg", "folder/sub/a.jpg"]
    assert [file.size for file in folder.list_files(str(tmp_path / "cars"))] == [5, 5]


def test_a_link_to_a_folder_around_it_ends_there(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.jpg").write_bytes(b"")
    (tmp_path / "sub" / "up").symlink_to("..")
    (tmp_path / "self").symlink_to(".")
    assert names(str(tmp_path)) == ["sub/a.jpg"]


def test_a_link_to_nothing_is_listed_and_cannot_be_read(tmp_path: Path) -> None:
    """The catalogue then rejects it with a reason, instead of it missing without a word."""
    (tmp_path / "broken.jpg").symlink_to("gone.jpg")
    [file] = folder.list_files(str(tmp_path))
    assert (file.size, file.may_be_image) == (0, True)
    with pytest.raises(FileNotFoundError):
        storage.read_bytes(file.location)


def test_pipes_are_left_out(tmp_path: Path) -> None:
    """Reading one would wait for ever."""
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "a.jpg").write_bytes(b"")
    assert names(str(tmp_path)) == ["a.jpg"]


def test_a_sub_folder_that_may_not_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    (tmp_path / "a.jpg").write_bytes(b"")
    scan = os.scandir

    def refuse(path: str) -> object:  # tests may run as root, who may read everything
        if path == str(closed):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(SourceError, match="closed' cannot be read: Permission denied"):
        folder.list_files(str(tmp_path))


def test_a_name_that_is_no_text_is_refused_by_name(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"caf\xe9.jpg")).write_bytes(b"")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    with pytest.raises(SourceError, match=r"caf\\xe9\.jpg.* is not UTF-8"):
        folder.list_files(str(tmp_path))
