"""One's trips as cards, a new one, and what a trip is called and when it is."""

import asyncio
import re
from typing import Any, Final

from domain.errors import Forbidden, NotFound, ValidationFailed
from domain.merge import Document as Fields
from domain.scopes import Role
from operations import overview, trips
from runtime.ids import new_id
from server.pages.problems import Problems, problems_of
from server.pages.sent_twice import reference
from server.pages.trip_cards import cards_of
from server.pages.visit import Document, Redirect, Visit
from server.route import Call, Reply
from server.writes import run_protected
from storage import groups
from storage.groups import Group
from storage.store import Tx

_PAGE: Final = re.compile(r"[1-9]\d{0,5}", re.ASCII)
_STATUSES: Final = ("draft", "active", "completed")


async def show(visit: Visit) -> Document:
    """A page of cards, what is on and what comes first."""
    given = visit.query.get("page", "1")
    if not _PAGE.fullmatch(given):
        raise NotFound("There is no such page of trips")
    number, user_id, now = int(given), visit.actor.user, visit.call.now

    async def read(tx: Tx) -> tuple[overview.Overview, list[Group]]:
        found = await overview.of_user(tx, user_id, now[: len("2026-07-15")], number - 1)
        return found, await groups.of_user(tx, user_id)

    found, mine = await visit.read(read)
    if number > 1 and not found.plans:
        raise NotFound("There is no such page of trips")
    context = {
        "cards": await asyncio.to_thread(cards_of, visit.words, found.plans, now),
        "page": number,
        "pages": found.pages,
        "may_create": any(map(_may_write, mine)),
    }
    return Document(template="trips.html", context=context)


async def new(visit: Visit) -> Document:
    """The form for a new trip."""
    return await _new(visit, {}, {}, 200)


async def create(visit: Visit) -> Document | Redirect:
    """A new trip, in the group that was chosen, or the only one; a form sent twice makes one."""
    body = _sent(visit, ("groupId", "title", "startDate", "endDate"))
    if "groupId" not in body:
        [body["groupId"], *_] = [group.id for group in await writable_groups(visit)]

    async def handle(tx: Tx, call: Call) -> Reply:
        made = await trips.create(tx, call.cause, body)
        return Reply(201, made.id.encode())

    key = reference(visit.form.get("clientRef") or new_id(), *body.values())
    try:
        reply = await run_protected(visit.call, handle, key, visit.account)
    except ValidationFailed as error:
        return await _new(visit, body, problems(visit, error), 400)
    return Redirect(f"/trips/{reply.body.decode()}?done=created")


async def edit(visit: Visit) -> Document:
    """The form to change a trip with."""
    if not visit.may_write:
        raise Forbidden("You are a viewer of this trip")
    trip = await visit.read(lambda tx: trips.show(tx, visit.call.trip_id))
    return _edit(visit, trip.document, {}, 200)


async def change(visit: Visit) -> Document | Redirect:
    """What a trip is called, when it is, and how far its plan is."""
    names = ("title", "startDate", "endDate", "status")
    body: Fields = {**dict.fromkeys(names), **_sent(visit, names)}
    trip_id = visit.call.trip_id
    try:
        await visit.write(lambda tx: trips.change(tx, visit.call.cause, trip_id, body))
    except ValidationFailed as error:
        return _edit(visit, body, problems(visit, error), 400)
    return Redirect(f"/trips/{trip_id}?done=saved")


async def _new(visit: Visit, sent: Fields, problems: Problems, status: int) -> Document:
    context = {
        "groups": await writable_groups(visit),
        "sent": sent,
        "problems": problems,
        "client_ref": visit.form.get("clientRef") or new_id(),
    }
    return Document(template="trip-new.html", context=context, status=status)


def _edit(visit: Visit, sent: Fields, problems: Problems, status: int) -> Document:
    context = {
        "trip_id": visit.call.trip_id,
        "sent": sent,
        "problems": problems,
        "statuses": _STATUSES,
    }
    return Document(template="trip-edit.html", context=context, status=status)


async def writable_groups(visit: Visit) -> list[Group]:
    """The groups that a trip can be made in; `Forbidden` where there are none."""
    mine = await visit.read(lambda tx: groups.of_user(tx, visit.actor.user))
    writable = [group for group in mine if _may_write(group)]
    if not writable:
        raise Forbidden("You are a viewer of your groups, and viewers cannot create trips")
    return writable


def _may_write(group: Group) -> bool:
    return Role(group.role).may_write


def _sent(visit: Visit, names: tuple[str, ...]) -> dict[str, Any]:
    """What was filled in of these fields."""
    return {name: visit.form[name] for name in names if visit.form.get(name)}


def problems(visit: Visit, error: ValidationFailed) -> Problems:
    """What is wrong with a trip, by the fields of its form."""
    found = problems_of(visit.words, error)
    if any((each.path, each.reason) == ("endDate", "out_of_range") for each in error.details):
        found["endDate"] = visit.words("trips.ends_before_it_starts")
    return found
