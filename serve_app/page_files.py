"""The page at `/`."""

from fastapi import FastAPI


def install(app: FastAPI) -> None:
    """Filled in with the page."""
