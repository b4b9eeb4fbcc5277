"""Which bundle a request is answered with; replicas hold the newest few side by side.

A request keeps the bundle that it began with: the ingress sends a `BundleRef` along with every
call, and the other deployments answer with that bundle and no other. So a new bundle
(`user_config`, or a redeploy) never mixes with the one before, in whatever order the replicas take
it.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from emailimg import bundle, storage
from emailimg.bundle import Bundle
from emailimg.errors import BundleError, ConfigError, EmailimgError

logger = logging.getLogger("ray.serve")  # Serve writes these to the replica's log, with its name

Part = TypeVar("Part")

# The one being served, and the one before it: requests that began with it, or a step back to it.
_HELD = 2


@dataclass(frozen=True)
class BundleRef:
    """Where a bundle is, and the version that is meant: a folder can be replaced by another."""

    location: str
    version: str


def find(location: str) -> BundleRef:
    """The bundle that is at a location now, local or s3://; every file of it is read and checked.

    Raises BundleError when it is missing, incomplete or damaged.
    """
    location = storage.absolute(location)
    return BundleRef(location, bundle.load(location).version)


def open_bundle(ref: BundleRef) -> Bundle:
    """The bundle that was found, not checked again; raises BundleError where it was replaced."""
    found = bundle.load(ref.location, verify=False)
    if found.version != ref.version:
        raise BundleError(
            f"bundle {ref.location!r} was replaced after it was deployed (version {ref.version}, "
            f"now {found.version}); deploy again to serve the new one"
        )
    return found


def location_in(user_config: Any) -> str:
    """The bundle's location in a deployment's `user_config`; raises ConfigError."""
    match user_config:
        case {"bundle": str(location), **rest} if location and not rest:
            return location
    raise ConfigError(f"user_config: expected {{bundle: FOLDER or s3://...}}, got {user_config!r}")


class Shelf(Generic[Part]):
    """What a deployment has made of each bundle; it makes what it is asked for and lacks."""

    def __init__(self, make: Callable[[Bundle], Part], first: BundleRef) -> None:
        """Makes the first part at once: a replica is ready when its constructor returns."""
        self._make = make
        self._ready = OrderedDict({first: make(open_bundle(first))})
        self._coming: dict[BundleRef, asyncio.Task[Part]] = {}

    @property
    def newest(self) -> Part:
        """The one that was asked for last."""
        return next(reversed(self._ready.values()))

    async def get(self, ref: BundleRef) -> Part:
        """The part of a bundle; callers who come while it is made wait for the same one.

        Raises BundleError.
        """
        if ref in self._ready:
            self._ready.move_to_end(ref)
            return self._ready[ref]
        if ref not in self._coming:
            self._coming[ref] = asyncio.create_task(self._add(ref))
        # Shielded: the request that wanted it first may end before it is there.
        return await asyncio.shield(self._coming[ref])

    async def _add(self, ref: BundleRef) -> Part:
        try:
            part = await asyncio.to_thread(lambda: self._make(open_bundle(ref)))
        finally:
            del self._coming[ref]
        self._ready[ref] = part
        if len(self._ready) > _HELD:
            self._ready.popitem(last=False)
        return part

    async def swap(self, user_config: Any) -> BundleRef | None:
        """Make the part of the bundle in `user_config`; None, and a line in the log, if it is bad.

        What was served goes on being served: to fail here would have Serve end the replica.
        """
        try:
            ref = await asyncio.to_thread(find, location_in(user_config))
            await self.get(ref)
        except EmailimgError as error:
            logger.error("the new bundle is refused, the old one stays: %s", error)
            return None
        except (
            Exception
        ):  # storage that does not answer, or files that are not what they are called
            logger.exception("the new bundle cannot be opened, the old one stays")
            return None
        return ref
