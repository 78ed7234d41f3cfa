"""Exports of other trip planners: a module for each, with what its JSON looks like.

`is_document(members)` tells by the names of the top level, `found_in(document, at)` what a
document holds. What a planner has and a trip here has not is counted; dates that it left out stay
out.
"""

import base64
import binascii
import io
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import msgspec

from formats import archives, carnet_json
from formats.found import Found, NotImported, Position, Reading, Unreadable
from formats.json_text import Top, decoded, document_of, top
from formats.planners import adventurelog, polarsteps, surmai, trek, trip, tripit

_PLANNERS: Final = (trip, adventurelog, surmai, polarsteps, trek, tripit)

_DOCUMENTS: Final = ("data.json", "metadata.json", "trip.json")
"""What planners call the JSON in their archives."""
_BASE64: Final = re.compile(r"UEsDB[A-Za-z0-9+/]{50,}")
"""How an archive begins in base64."""
_MOST: Final = 64 << 20


def is_document(content: Top) -> bool:
    """Whether JSON is of one of them; what is in a list may be an export of several trips."""
    return _of(content) is not None


def _of(content: Top) -> Any:
    if isinstance(content, list):
        try:
            content = decoded(content[0], dict[str, msgspec.Raw]) if content else {}
        except Unreadable:
            return None
    members = frozenset(content)
    return next((each for each in _PLANNERS if each.is_document(members)), None)


def read(file: BinaryIO, name: str, _reading: Reading) -> Iterator[Found]:
    """What a document holds."""
    planner = _of(top(file))
    if planner is None:
        raise Unreadable("this is JSON of no planner that is known")
    file.seek(0)
    document = document_of(file)
    if isinstance(document, dict):
        yield from planner.found_in(document, Position(file=name))
        return
    for index, each in enumerate(document):
        if isinstance(each, dict):
            yield from planner.found_in(each, Position(file=name, index=index))


def is_archive(names: frozenset[str]) -> bool:
    """Whether an archive is an export: its document, and folders of pictures and the like.

    Polarsteps has a document in the folder of each trip.
    """
    outside = {name for name in names if "/" not in name}
    return bool(_documents(names)) and outside <= {*_DOCUMENTS}


def _documents(names: frozenset[str]) -> list[str]:
    return sorted(
        name for name in names if name.rpartition("/")[2] in _DOCUMENTS and (name.count("/") <= 3)
    )


def read_archive(file: BinaryIO, name: str, reading: Reading) -> Iterator[Found]:
    """The documents of an archive; other files in it are counted."""
    with archives.opened(file) as archive:
        names = frozenset(archive.names)
        documents = _documents(names)
        for document in documents:
            with archive.open(document) as member:
                raw = member.read(_MOST + 1)
            if len(raw) > _MOST:
                raise Unreadable(f"{document} of more than {_MOST >> 20} MiB")
            yield from _document(io.BytesIO(raw), f"{name}/{document}", reading)
    if others := len(names) - len(documents):
        what = "files beside it, such as pictures and attachments"
        yield NotImported(what="other", count=others, name=what, at=Position(file=name))


def _document(file: BinaryIO, name: str, reading: Reading) -> Iterator[Found]:
    own = carnet_json.is_document(top(file))
    file.seek(0)
    yield from carnet_json.read(file, name, reading) if own else read(file, name, reading)


def is_base64(text: str) -> bool:
    """Whether a text is an archive in base64, as Surmai gives it."""
    return bool(_BASE64.match(text.lstrip('" ')))


def read_base64(file: BinaryIO, name: str, reading: Reading) -> Iterator[Found]:
    """The archive in it."""
    raw = file.read(_MOST + 1)
    if len(raw) > _MOST:
        raise Unreadable(f"an archive in base64 of more than {_MOST >> 20} MiB")
    try:
        packed = base64.b64decode(raw.strip(b'" \r\n\t'), validate=False)
    except (binascii.Error, ValueError) as error:
        raise Unreadable("an archive in base64 that is cut off or damaged") from error
    yield from read_archive(io.BytesIO(packed), name, reading)
