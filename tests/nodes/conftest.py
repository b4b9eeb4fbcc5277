"""Shared by the tests of several nodes: S3, because nodes share no disk, and a bundle on it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from s3_server import s3_server

from emailimg import storage


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with s3_server() as location:
        yield location


@pytest.fixture(scope="module")
def bundle_on_s3(bucket: str, bundle_location: str) -> str:
    location = f"{bucket}/bundle"
    for file in storage.list_files(bundle_location):
        name = os.path.relpath(file, bundle_location)
        storage.write_bytes(storage.join(location, name), Path(file).read_bytes())
    return location
