"""Pictures that a browser may keep, and ask about again by their tag instead of fetching them."""

from fastapi import Request, Response

from emailimg import images

# An image id is a hash of its content, but a later bundle may draw its thumbnail differently.
_SECONDS = 86_400


def answer(request: Request, jpeg: bytes, *, shared: bool) -> Response:
    """The picture, or a 304 where the request names the tag of the same bytes.

    shared: whether caches between may keep it for others; not where a key is needed to see it.
    """
    tag = f'"{images.image_id(jpeg)[:32]}"'
    whose = "public" if shared else "private"
    headers = {"cache-control": f"{whose}, max-age={_SECONDS}", "etag": tag}
    if _names(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    return Response(jpeg, headers=headers, media_type="image/jpeg")


def _names(tags: str, tag: str) -> bool:
    """Whether the list has the tag; compared weakly, as RFC 9110 (13.1.2) has it."""
    return any(each.strip().removeprefix("W/") in (tag, "*") for each in tags.split(","))
