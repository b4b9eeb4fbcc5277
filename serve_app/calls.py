"""Calling another part of the graph: a deployment by its handle, or an object in this process.

The caller does not know which. Both ways have the same time limit and end in the same failures.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from ray.exceptions import RayActorError, RayTaskError
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError
from ray.serve.handle import DeploymentHandle

from emailimg.errors import BundleError, EmailimgError
from serve_app.failures import ApiError

logger = logging.getLogger("ray.serve")  # Serve writes these to the replica's log, with its name

# A call is repeated when the replica that had it is gone: nothing that is asked changes anything.
_ATTEMPTS = 3
_PAUSE_S = 0.05
_RETRY_AFTER = {"retry-after": "1"}


class Part:
    """One part of the graph, wherever it runs."""

    def __init__(self, call: Callable[..., Awaitable[Any]], timeout_s: float) -> None:
        self._call = call
        self._timeout_s = timeout_s

    @classmethod
    def of(cls, part: Any, timeout_s: float) -> "Part":
        """part: the handle of a deployment, or an object with the same methods."""
        if isinstance(part, DeploymentHandle):
            return cls(lambda method, *args: getattr(part, method).remote(*args), timeout_s)
        return cls(lambda method, *args: getattr(part, method)(*args), timeout_s)

    async def ask(self, method: str, *args: Any, timeout_s: float | None = None) -> Any:
        """The method's answer; raises ApiError when it is late or the part cannot take more."""
        limit_s = timeout_s or self._timeout_s
        try:
            async with asyncio.timeout(limit_s):
                return await self._persist(method, *args)
        except TimeoutError:
            raise ApiError(504, "timeout", f"not answered within {limit_s:g} s") from None
        except (BackPressureError, DeploymentUnavailableError, RayActorError):
            message = "overloaded or restarting; try again"
            raise ApiError(503, "unavailable", message, (), _RETRY_AFTER) from None
        except (BundleError, RayTaskError) as error:
            cause = getattr(error, "cause", error)  # what the part raised, in Ray's wrapping
            if isinstance(cause, ApiError):
                raise cause from None
            if isinstance(cause, BundleError):
                logger.warning("%s", cause)
                message = "another model is being deployed; try again"
                raise ApiError(503, "bundle_gone", message, (), _RETRY_AFTER) from None
            if isinstance(cause, EmailimgError):  # in Ray's wrapping its message is a traceback
                raise cause from None
            raise

    async def _persist(self, method: str, *args: Any) -> Any:
        for _ in range(_ATTEMPTS - 1):
            try:
                return await self._call(method, *args)
            except RayActorError:
                await asyncio.sleep(_PAUSE_S)
        return await self._call(method, *args)
