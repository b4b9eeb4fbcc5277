"""The errors a user can cause; anything else is a bug and keeps its traceback."""

from collections.abc import Iterator


class EmailimgError(Exception):
    """Base of every error whose message is meant for the user."""


class ConfigError(EmailimgError):
    """A config key or value is unknown or out of range; the message says what is accepted."""


class TaxonomyError(EmailimgError, ValueError):
    """A target, campaign type or industry is unknown; the message lists the accepted ones."""

    def __init__(self, message: str, accepted: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.accepted = accepted


class ImageError(EmailimgError):
    """Bytes are not an image we accept; `reason` is a short machine-readable code."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[type["ImageError"], tuple[str, str]]:
        # Exceptions with two arguments do not survive Ray's serialisation without this.
        return (ImageError, (self.reason, str(self)))


class SourceError(EmailimgError):
    """A source of images cannot be read, is empty, or holds too many bad files."""


class ResourceError(EmailimgError):
    """A stage asks for more CPUs or GPUs than the cluster can give it."""


class TrainingError(EmailimgError):
    """Training cannot go on: it diverged, or memory, disk or workers gave out."""


class LeakageError(EmailimgError):
    """The model beats the oracle that knows the true probabilities: it has seen test rows."""


class BundleError(EmailimgError):
    """A bundle or stage output is missing, incomplete, or its parts do not fit together."""


def parts_of(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and those that Ray has wrapped in it: causes, and what workers raised.

    Each once: an error that is taken out of Ray's and raised from it is its cause and its effect.
    """
    waiting, seen = [error], list[BaseException]()
    while waiting:
        part = waiting.pop()
        if not isinstance(part, BaseException) or any(part is other for other in seen):
            continue
        seen.append(part)
        yield part
        inner = [part.__cause__, getattr(part, "cause", None), getattr(part, "base_exc", None)]
        inner += [getattr(part, "_base_exc", None), getattr(part, "controller_failure", None)]
        inner += list(getattr(part, "worker_failures", {}).values())
        waiting += reversed(inner)
