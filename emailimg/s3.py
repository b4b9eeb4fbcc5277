"""What is below an `s3://bucket/prefix`, listed with boto3; reading is `storage`'s.

S3 has no folders: a folder `a/b` is every key that starts with `a/b/`. Keys come in pages of at
most 1000, one request after the other, so 100,000 objects take about a hundred requests.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.parsers import ResponseParserError

from emailimg import storage
from emailimg.errors import SourceError

_NO_CREDENTIALS = (
    "no AWS credentials were found for {location!r}; they are looked for in the environment "
    "(AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY), the profile (AWS_PROFILE, ~/.aws/credentials, "
    "~/.aws/config) and the role of the instance or container"
)
_REFUSED = {
    "NoSuchBucket": "the bucket {bucket!r} of {location!r} does not exist",
    "AccessDenied": (
        "access to {location!r} is denied; listing needs the permission s3:ListBucket on the "
        "bucket {bucket!r}"
    ),
    **dict.fromkeys(
        ("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"),
        "the AWS credentials that were found are not accepted for {location!r} ({code})",
    ),
}


@dataclass(frozen=True)
class Object:
    """An object: its key, its size in bytes, and its ETag, which changes with the content."""

    key: str
    size: int
    etag: str


def list_objects(
    location: str,
    *,
    page_size: int = 1000,
    attempts: int = 5,
    connect_timeout_s: float = 5.0,
    read_timeout_s: float = 30.0,
) -> list[Object]:
    """All objects below a folder, in the order of their keys, without its directory markers.

    page_size: keys per request; S3 gives at most 1000. attempts: of each request, with growing
    pauses in between; throttling, server errors and broken connections are tried again.
    Raises SourceError when the location is no S3 folder, there is nothing below it, the bucket
    does not exist or may not be listed, there are no credentials, or S3 cannot be reached.
    """
    bucket, key = storage.bucket_and_key(location)
    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=connect_timeout_s,
        read_timeout=read_timeout_s,
    )
    with _clear_errors(location, bucket):
        client = _client(config)
        with _clear_connection_errors(location, client.meta.endpoint_url):
            found = list(_below(client, bucket, key, page_size))
            if not found:
                raise SourceError(_why_nothing(client, bucket, key, location))
    return found


def _client(config: Config) -> Any:
    try:
        # A session of its own: boto3's shared one keeps the first credentials that it finds.
        return boto3.session.Session().client("s3", config=config)
    except ValueError:  # of botocore; its message would show a password in the URL
        raise SourceError(
            "the S3 endpoint of the environment (AWS_ENDPOINT_URL) or the profile is no URL; "
            "accepted: like https://host or http://host:9000"
        ) from None


def _below(client: Any, bucket: str, key: str, page_size: int) -> Iterator[Object]:
    pages = client.get_paginator("list_objects_v2").paginate(
        Bucket=bucket,
        Prefix=f"{key}/" if key else "",  # with the slash: `a/b` does not hold `a/bc/x.jpg`
        PaginationConfig={"PageSize": page_size},
    )
    for page in pages:
        for item in page.get("Contents", ()):
            marker = item["Key"].endswith("/") and item["Size"] == 0
            if not marker:
                yield Object(item["Key"], item["Size"], item["ETag"].strip('"'))


def _why_nothing(client: Any, bucket: str, key: str, location: str) -> str:
    if not key:
        return f"the bucket {bucket!r} holds no files"
    # Of all keys that start with the prefix the prefix itself is the first.
    first = client.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents", ())
    if any(item["Key"] == key for item in first):
        parent = f"s3://{bucket}/{key}".rpartition("/")[0]
        return f"{location!r} is a single file; give the folder that holds it, e.g. {parent!r}"
    return f"there are no files below {location!r}; folders on S3 exist by what is in them alone"


@contextmanager
def _clear_errors(location: str, bucket: str) -> Iterator[None]:
    """botocore's errors as SourceErrors that say what is missing."""
    try:
        yield
    except (NoCredentialsError, PartialCredentialsError):
        raise SourceError(_NO_CREDENTIALS.format(location=location)) from None
    except ClientError as error:
        details = error.response["Error"]
        code = details.get("Code", "unknown error")
        message = _REFUSED.get(code, "{location!r} cannot be listed: {code}: {message}")
        words = {"location": location, "bucket": bucket, "code": code}
        raise SourceError(message.format(message=details.get("Message"), **words)) from None
    except BotoCoreError as error:  # a profile that is not there, a broken file of settings
        raise SourceError(f"{location!r} cannot be listed: {error}") from None


@contextmanager
def _clear_connection_errors(location: str, endpoint: str) -> Iterator[None]:
    # Not the whole URL: it may hold a password.
    parts = urlsplit(endpoint)
    host = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
    try:
        yield
    except (ConnectionError, HTTPClientError) as error:
        raise SourceError(
            f"{location!r} cannot be listed: the S3 endpoint {host} cannot be reached or does not "
            f"answer ({type(error).__name__}); AWS_ENDPOINT_URL names another one"
        ) from None
    except ResponseParserError:
        raise SourceError(
            f"{location!r} cannot be listed: what answers at {host} is no S3 endpoint"
        ) from None
