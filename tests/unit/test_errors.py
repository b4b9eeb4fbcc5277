"""What is found in the errors that Ray raises."""

from emailimg.errors import SourceError, parts_of


class WrappedError(Exception):
    """As Ray's: with an error inside."""

    def __init__(self, cause: Exception) -> None:
        super().__init__("of a task")
        self.cause = cause


def test_parts_are_found_where_ray_puts_them() -> None:
    inner, other = SourceError("no images"), ValueError("another worker's")
    error = WrappedError(inner)
    error.worker_failures = {0: inner, 1: other}  # type: ignore[attr-defined]
    assert list(parts_of(error)) == [error, inner, other]
    assert list(parts_of(None)) == []


def test_an_error_that_was_raised_from_its_wrapper_is_found_once() -> None:
    inner = SourceError("no images")
    outer = WrappedError(inner)
    inner.__cause__ = outer
    assert list(parts_of(inner)) == [inner, outer]
