"""Entity tags and conditional requests (contract section 10; RFC 9110 section 13).

A tag is `"REV-EPOCH"`, or `"REV-EPOCH-GROUP"` where members are shown: the revision of the last
write that touched what is shown, the epoch of the database, the revision of the group. Of the
history it is `"REV-EPOCH-DIGEST"`.
"""

import hashlib
import re
from collections.abc import Iterable

from aiohttp import web

from domain import details
from domain.actor import TripAccess
from domain.errors import ValidationFailed
from domain.precondition import Precondition
from server.route import Shows

_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
"""An entity tag (RFC 9110 section 8.8.3)."""
_REV = re.compile(r'"(\d{1,18})-(\w+)(?:-\d+)?"', re.ASCII)


def tag_of(epoch: str, rev: int) -> str:
    """The tag of what last changed at a revision."""
    return f'"{rev}-{epoch}"'


def tag_of_read(epoch: str, shows: Shows, trip: TripAccess) -> str:
    """The tag of a read that shows this of a trip."""
    match shows:
        case "trip":
            return tag_of(epoch, trip.revs.doc)
        case "messages":
            return tag_of(epoch, trip.revs.messages)
        case "changes":
            return tag_of(epoch, trip.revs.rev)
        case "content":
            return tag_of(epoch, trip.revs.content)
        case "members":
            return f'"{trip.revs.content}-{epoch}-{trip.group_rev}"'


def tag_of_body(body: bytes) -> str:
    """The tag of what no revision tells of."""
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def tag_of_history(epoch: str, trip: TripAccess, body: bytes) -> str:
    """The tag of what more than a trip's revisions changes: names, and what is not kept any longer.

    It tells the revision of the content too, so that a write can demand that by it.
    """
    digest = int.from_bytes(hashlib.blake2b(body, digest_size=12).digest())
    return f'"{trip.revs.content}-{epoch}-{digest}"'


def is_known(request: web.BaseRequest, tag: str) -> bool:
    """Whether the client has what a tag names, by its `If-None-Match` (weak comparison)."""
    values = request.headers.getall("If-None-Match", ())
    if not values:
        return False
    return tag in values or "*" in values or tag in {t.removeprefix("W/") for t in _tags(values)}


def precondition_of(request: web.BaseRequest, epoch: str, *, creates_row: bool) -> Precondition:
    """What a write demands by `If-Match`, and a create by `If-None-Match: *`."""
    matching = request.headers.getall("If-Match", ())
    nothing = creates_row and "*" in request.headers.getall("If-None-Match", ())
    if not matching:
        return Precondition(nothing=True) if nothing else Precondition.NONE
    if "*" in matching:
        return Precondition(any_state=True, nothing=nothing)
    tags = _tags(matching)
    if not tags:
        expected = 'an entity tag in quotes, as ETag gives it, such as "17-x", or *'
        raise ValidationFailed([details.malformed("If-Match", expected, ", ".join(matching))])
    # By strong comparison (RFC 9110 section 13.1.1): a weak tag never matches.
    found = [match for tag in tags if (match := _REV.fullmatch(tag))]
    revs = frozenset(int(match[1]) for match in found if match[2] == epoch)
    return Precondition(revs, nothing=nothing)


def _tags(values: Iterable[str]) -> list[str]:
    return [tag for value in values for tag in _TAG.findall(value)]
