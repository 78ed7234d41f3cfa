"""Conditional requests (contract section 10; RFC 9110 section 13).

A trip's tag is its revision, which every write in the trip raises; a row's tag is the trip's
revision at the row's last write.
"""

from collections.abc import Iterable

from aiohttp import web

from domain.errors import PreconditionFailed
from server.call import Call


def etag(rev: int | str) -> str:
    """The entity tag of a revision, or of what stands for one."""
    return f'"{rev}"'


def tagged(rev: int | str) -> dict[str, str]:
    """The header that carries it."""
    return {"ETag": etag(rev)}


def require_match(call: Call, rev: int) -> None:
    """`PreconditionFailed` when the request has an `If-Match` that `rev` does not satisfy."""
    tags = _tags(call.request.headers.getall("If-Match", ()))
    # RFC 9110 section 13.1.1: by strong comparison, so a weak tag never matches.
    if tags and "*" not in tags and etag(rev) not in tags:
        raise PreconditionFailed()


def is_known(request: web.Request, rev: int) -> bool:
    """Whether the client has this revision, by its `If-None-Match` (weak comparison)."""
    tags = _tags(request.headers.getall("If-None-Match", ()))
    return "*" in tags or etag(rev) in {tag.removeprefix("W/") for tag in tags}


def _tags(values: Iterable[str]) -> set[str]:
    return {tag.strip() for value in values for tag in value.split(",") if tag.strip()}
