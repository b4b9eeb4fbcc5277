"""Files and folders, on the local disk and on a real S3 server on loopback."""

import os
from pathlib import Path

import pytest

from emailimg import storage


@pytest.mark.parametrize(
    ("location", "names", "joined"),
    [
        ("/a/b", ("c", "d.json"), "/a/b/c/d.json"),
        ("/a/b/", ("c",), "/a/b/c"),
        ("s3://bucket/prefix/", ("c", "d"), "s3://bucket/prefix/c/d"),
        ("s3://bucket", ("c",), "s3://bucket/c"),
        ("/a", (), "/a"),
    ],
)
def test_join(location: str, names: tuple[str, ...], joined: str) -> None:
    assert storage.join(location, *names) == joined


def test_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert storage.absolute("x/../y") == str(tmp_path / "y")
    assert storage.absolute(Path("y")) == str(tmp_path / "y")
    assert storage.absolute("~") == str(Path.home())
    assert storage.absolute("s3://bucket/y/") == "s3://bucket/y"


def test_bytes_come_back(base: str) -> None:
    location = storage.join(base, "deep", "folder", "file.bin")
    assert not storage.exists(location)
    storage.write_bytes(location, b"one")
    storage.write_bytes(location, b"two\x00\xff")
    assert storage.exists(location)
    assert storage.exists(storage.join(base, "deep"))
    assert storage.read_bytes(location) == b"two\x00\xff"


def test_json_comes_back(base: str) -> None:
    value = {"a": [1, 2.5, None, "é"], "b": {"c": True}}
    location = storage.join(base, "value.json")
    storage.write_json(location, value)
    assert storage.read_json(location) == value


def test_json_refuses_what_is_not_json(base: str) -> None:
    location = storage.join(base, "value.json")
    with pytest.raises(ValueError, match="JSON compliant"):
        storage.write_json(location, {"a": float("nan")})
    assert not storage.exists(location)


def test_a_missing_file_is_an_os_error(base: str) -> None:
    with pytest.raises(FileNotFoundError):
        storage.read_bytes(storage.join(base, "nothing"))


def test_files_are_listed_below_a_folder_in_order(base: str) -> None:
    names = ["b.txt", "a.parquet", "sub/c.parquet", "sub/d.txt"]
    for name in names:
        storage.write_bytes(storage.join(base, "folder", name), b"x")
    storage.write_bytes(storage.join(base, "folder-beside", "e.txt"), b"x")
    folder = storage.join(base, "folder")
    everything = storage.list_files(folder)
    assert everything == sorted(storage.join(folder, name) for name in names)
    assert storage.list_files(folder + "/") == everything
    parquet = [storage.join(folder, name) for name in ("a.parquet", "sub/c.parquet")]
    assert storage.list_files(folder, ".parquet") == parquet
    assert storage.list_files(storage.join(base, "nothing")) == []


@pytest.mark.parametrize(
    "name",
    [
        "BMW X5 SUV 2007.jpg",
        "100%.jpg",
        "a%20b.jpg",
        "what?.jpg",
        "no#1.jpg",
        "ünï.jpg",
        "a+b&c.jpg",
    ],
)
def test_any_file_name_can_be_read_as_it_is_listed(base: str, name: str) -> None:
    storage.write_bytes(storage.join(base, "names", name), name.encode())
    [listed] = storage.list_files(storage.join(base, "names"))
    assert listed == storage.join(base, "names", name)
    assert storage.exists(listed)
    assert storage.read_bytes(listed) == name.encode()


def test_files_put_there_by_others_are_found(bucket: str) -> None:
    """What `aws s3 cp` uploads has no folder markers."""
    import boto3

    name = bucket.removeprefix("s3://")
    boto3.client("s3").put_object(Bucket=name, Key="others/My Car.jpg", Body=b"jpeg")
    assert storage.exists(f"{bucket}/others")
    [listed] = storage.list_files(f"{bucket}/others")
    assert storage.read_bytes(listed) == b"jpeg"


def test_a_folder_is_deleted_with_all_below_it(base: str) -> None:
    for name in ("folder/a", "folder/sub/b", "folder2/c"):
        storage.write_bytes(storage.join(base, name), b"x")
    storage.delete_folder(storage.join(base, "folder"))
    storage.delete_folder(storage.join(base, "never-there"))
    assert not storage.exists(storage.join(base, "folder", "a"))
    assert storage.list_files(base) == [storage.join(base, "folder2", "c")]


def test_a_folder_is_emptied_but_for_the_notes_about_it(base: str) -> None:
    for name in ("folder/_note", "folder/a", "folder/sub/_b", "folder/sub/c", "folder2/d"):
        storage.write_bytes(storage.join(base, name), b"x")
    storage.empty_folder(storage.join(base, "folder"))
    storage.empty_folder(storage.join(base, "never-there"))
    left = [file.removeprefix(f"{base}/") for file in storage.list_files(base)]
    assert left == ["folder/_note", "folder2/d"]


def test_a_file_is_deleted(base: str) -> None:
    for name in ("folder/a", "folder/b"):
        storage.write_bytes(storage.join(base, name), b"x")
    storage.delete_file(storage.join(base, "folder", "a"))
    storage.delete_file(storage.join(base, "folder", "never-there"))
    assert storage.list_files(base) == [storage.join(base, "folder", "b")]


def test_make_folder_is_harmless_to_what_is_there(base: str) -> None:
    storage.write_bytes(storage.join(base, "folder", "a"), b"x")
    storage.make_folder(storage.join(base, "folder"))
    storage.make_folder(storage.join(base, "new", "deep"))
    assert storage.read_bytes(storage.join(base, "folder", "a")) == b"x"


def test_a_failed_write_leaves_the_old_file_and_no_new_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "file"
    storage.write_bytes(str(target), b"old")

    def full(self: Path, data: bytes) -> int:
        with open(self, "wb") as stream:
            stream.write(data[:1])
        raise OSError("disk full")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="disk full"):
        storage.write_bytes(str(target), b"new")
    assert target.read_bytes() == b"old"


def test_a_folder_takes_the_place_of_another(tmp_path: Path) -> None:
    final, new = tmp_path / "final", tmp_path / "new"
    for attempt in ("first", "second"):
        storage.write_bytes(str(new / attempt), b"x")
        storage.replace_folder(str(new), str(final))
        assert [file.name for file in final.iterdir()] == [attempt]
        assert os.listdir(tmp_path) == ["final"]
