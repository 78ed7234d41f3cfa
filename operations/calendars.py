"""Calendars of trips (contract section 14), and the token that opens a user's feed."""

import hashlib
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

from domain.errors import NotFound
from domain.resource import Resource
from domain.resources import COMMITMENT, LEG, MAP_PIN, STAY
from formats.calendar import write_calendar
from formats.events import Dated, Plan
from operations import shares
from storage import calendar_tokens, plans
from storage.plans import StoredPlan
from storage.store import Tx

_SHOWN: Final = (LEG, STAY, MAP_PIN, COMMITMENT)


class Calendar(NamedTuple):
    """A calendar, yet to be written."""

    plans: Sequence[StoredPlan]
    name: str
    """Empty for that of the one trip."""
    page: str
    """Where people read of it."""
    safe: bool
    """Whether it shows the safe projection only."""
    state: str
    """Names what it shows: another name, where anything of that has changed."""

    def write(self) -> bytes:
        """Its text, which takes a while where there is much in it."""
        name = self.name or msgspec.json.decode(self.plans[0].trip)["title"]
        return b"".join(write_calendar(name, self.page, map(self._plan, self.plans)))

    def _plan(self, stored: StoredPlan) -> Plan:
        legs, stays, pins, commitments = (self._rows(stored, each) for each in _SHOWN)
        page = self.page if not self.name else f"{self.page}/{stored.trip_id}"
        return Plan(page, legs, stays, pins, commitments)

    def _rows(self, stored: StoredPlan, resource: Resource) -> list[Dated]:
        json = stored.rows[resource.kind]
        shown = resource.safe if self.safe else dict[str, Any]
        documents = msgspec.json.decode(json, type=list[tuple[int, shown]])  # type: ignore[valid-type]
        stamps = msgspec.json.decode(json, type=list[tuple[int, _Stamp]])
        return [
            Dated(msgspec.to_builtins(document), rev, stamp.updated_at)
            for (rev, document), (_, stamp) in zip(documents, stamps, strict=True)
        ]


class _Stamp(msgspec.Struct, rename="camel"):
    updated_at: str


async def of_trip(tx: Tx, trip_id: str, public_url: str) -> Calendar:
    """A trip as its members see it."""
    plan = await plans.of_trip(tx, trip_id, _SHOWN)
    return Calendar([plan], "", f"{public_url}/trips/{trip_id}", safe=False, state=str(plan.rev))


async def of_share(tx: Tx, token: str, public_url: str) -> Calendar:
    """The trip that an active share token shows, as anyone may see it."""
    plan = await plans.of_share(tx, token, _SHOWN)
    if plan is None:
        raise NotFound("This link is unknown, or its owner has stopped sharing")
    return Calendar([plan], "", shares.page_of(public_url, token), safe=True, state=str(plan.rev))


async def feed(tx: Tx, token: str, public_url: str) -> Calendar:
    """All trips of the user whose an active token is, as anyone may see them."""
    user_id = await calendar_tokens.user_of(tx, token)
    if user_id is None:
        raise NotFound("This calendar is unknown, or its owner has revoked its address")
    theirs = await plans.of_user(tx, user_id, _SHOWN)
    revs = ",".join(f"{plan.trip_id}:{plan.rev}" for plan in theirs)
    state = hashlib.blake2b(revs.encode(), digest_size=12).hexdigest()
    return Calendar(theirs, "Carnet", f"{public_url}/trips", safe=True, state=state)


async def open_feed(tx: Tx, user_id: str, secret: bytes, now: str) -> tuple[str, bool]:
    """The token of a user's feed, and whether it is a new one; the secret is the server's."""
    is_new = await calendar_tokens.create(tx, user_id, secret, now)
    token = await calendar_tokens.active(tx, user_id, secret)
    assert token is not None
    return token, is_new


async def close_feed(tx: Tx, user_id: str) -> None:
    """Ends the token of a user's feed, if they have one."""
    await calendar_tokens.revoke(tx, user_id)
