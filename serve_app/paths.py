"""The path of a request as the application's routes have it."""

from starlette.types import Scope


def route_path(scope: Scope) -> str:
    """Without the `route_prefix` that the application is deployed at, which `path` begins with."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))
