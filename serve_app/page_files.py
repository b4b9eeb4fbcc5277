"""The page at `/`: its files, and what a browser may do with them.

The page is plain HTML, CSS and ES modules in `page/`; nothing is built, and nothing comes from
another server. Browsers ask again before they use a file they know (`no-cache`), so that a page
and its modules are always of one version; an unchanged file costs a 304.
"""

from pathlib import Path

from fastapi import FastAPI, Request, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_FOLDER = Path(__file__).parent / "page"
_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "cache-control": "no-cache",
    "referrer-policy": "same-origin",
}


def install(app: FastAPI) -> None:
    """Serve the page at `/`, and its files under `/page/`."""
    files = _PageFiles(directory=_FOLDER)

    async def page(request: Request) -> Response:
        return await files.get_response("index.html", request.scope)

    app.get("/", include_in_schema=False)(page)
    app.mount("/page", files, name="page")


class _PageFiles(StaticFiles):
    """Files with the page's headers; a name that does not exist is a 404 like any other."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(_HEADERS)
        return response
