"""A real S3 server on loopback (moto), as a context manager that points AWS clients to it."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import boto3
import httpx
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

BUCKET = "emailimg-tests"
# Not a word that is found anywhere else: tests look for it where it must not be.
SECRET_KEY = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"


@contextmanager
def s3_server() -> Iterator[str]:
    """`s3://bucket`, empty, while the block runs; nothing leaves the machine."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it has a line for every request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    # What an earlier server of this process held is still there.
    httpx.post(f"http://{host}:{port}/moto-api/reset").raise_for_status()
    environment = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    try:
        with mock.patch.dict(os.environ, environment):
            os.environ.pop("AWS_PROFILE", None)
            boto3.client("s3").create_bucket(Bucket=BUCKET)
            yield f"s3://{BUCKET}"
    finally:
        server.stop()


def objects() -> dict[str, bytes]:
    """Every object of the bucket by its location, from the server, which runs in this process."""
    keys = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[BUCKET].keys
    return {f"s3://{BUCKET}/{name}": key.value for name, key in keys.items()}
