"""What must be known of a large body before its items are queued.

Decoding one holds an interpreter for as long as it takes, and every other request with it. So a
server has it done elsewhere, and only hears what it came to.
"""

import asyncio
from typing import Protocol

import msgspec

from domain.errors import ItemError, ValidationFailed
from domain.imports import ImportKind, count_items
from server import jsonbody
from storage.turns import empty


class Survey(msgspec.Struct, omit_defaults=True):
    """How many items a body has, or why it is refused."""

    items: int = 0
    refusal: ItemError | None = None
    malformed: bool = False
    """Whether it is refused for its JSON, which is told before anything else is looked at."""

    def count(self) -> int:
        """The number of items; `ValidationFailed` when the body is refused."""
        if self.refusal is not None:
            raise ValidationFailed(self.refusal.details or [], self.refusal.message)
        return self.items


def survey(raw: bytes, kind: ImportKind) -> Survey:
    """Looks through a body. Its items are counted, and not looked at."""
    try:
        body = jsonbody.decode(raw, jsonbody.IMPORT_DEPTH)
    except ValidationFailed as error:
        return Survey(refusal=error.for_item(), malformed=True)
    try:
        return Survey(count_items(kind, body))
    except ValidationFailed as error:
        return Survey(refusal=error.for_item())
    finally:
        if isinstance(body, dict):
            empty(*(member for member in body.values() if isinstance(member, list)))


class Surveyor(Protocol):
    """Somebody who looks through bodies."""

    async def survey(self, raw: bytes, kind: ImportKind) -> Survey:
        """See `server.survey.survey`."""
        ...


class LocalSurveyor:
    """Does it in a thread of this process."""

    async def survey(self, raw: bytes, kind: ImportKind) -> Survey:
        """See `Surveyor.survey`."""
        return await asyncio.to_thread(survey, raw, kind)
