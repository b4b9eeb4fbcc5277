"""The errors a user can cause; anything else is a bug and keeps its traceback."""


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


class LeakageError(EmailimgError):
    """The model beats the oracle that knows the true probabilities: it has seen test rows."""


class BundleError(EmailimgError):
    """A bundle or stage output is missing, incomplete, or its parts do not fit together."""
