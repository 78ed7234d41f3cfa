"""API keys: the list, a new one, which is shown once, and revoking."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from domain import key
from domain.errors import NotFound, ValidationFailed
from domain.scopes import BASE_SCOPES, Scopes
from operations import keys, reading
from server.pages import dates
from server.pages.problems import Problems, problems_of
from server.pages.visit import Document, Redirect, Visit
from server.pages.words import Words
from server.route import API
from storage.keys import ApiKey, NewApiKey, of_user
from storage.store import Tx

Trip = Mapping[str, Any]
"""A trip, as its document has it."""

_HOME: Final = "/settings/keys"
_MOST_SHOWN: Final = 1_000
_NUMBER: Final = re.compile(r"[0-9]{1,20}", re.ASCII)


class Limited(NamedTuple):
    """Some base scopes of a key, and the trips it has them for."""

    scopes: Sequence[str]
    trips: list[str]
    """Titles; of trips that its user cannot see ids. Empty: all trips."""


class Line(NamedTuple):
    """A key, as the list shows it."""

    key: ApiKey
    about: str
    """When it was used last and from where, when it ends, how much it may ask."""
    limits: list[Limited]


async def show(visit: Visit) -> Document:
    """One's keys, the newest first."""
    return await _list(visit)


async def form(visit: Visit) -> Document:
    """What is to be said of a new key."""
    trips = await visit.read(lambda tx: _own_trips(tx, visit))
    return _form(visit, trips, {})


async def create(visit: Visit) -> Document:
    """A new key with the list, or the form again with what is wrong."""

    async def write(tx: Tx) -> NewApiKey:
        trip_id = await _trip_named(tx, visit, visit.form.get("trip", ""))
        return await keys.create(tx, visit.actor, _sent(visit, trip_id), visit.call.now)

    try:
        made = await visit.write(write)
    except _NoSuchTrip as error:
        problems = {"trip": visit.words(str(error))}
    except ValidationFailed as error:
        problems = _problems(visit.words, error)
    else:
        return await _list(visit, made)
    trips = await visit.read(lambda tx: _own_trips(tx, visit))
    return _form(visit, trips, problems)


async def ask_to_revoke(visit: Visit) -> Document:
    """Asks whether a key is to be revoked."""
    key_id = visit.call.path("keyId")
    found = await visit.read(lambda tx: of_user(tx, visit.actor.user, _MOST_SHOWN))
    for each in found:
        if each.id == key_id:
            return Document(template="key-revoke.html", context={"key": each})
    raise NotFound("You have no such key")


async def revoke(visit: Visit) -> Redirect:
    """Revokes a key, and leads back to the list."""
    key_id = visit.call.path("keyId")
    await visit.write(lambda tx: keys.revoke(tx, visit.actor, key_id, visit.call.now))
    return Redirect(f"{_HOME}?done=key_revoked")


class _NoSuchTrip(Exception):
    """What is to be the only trip of a key names none, or several; the text is a message's key."""


async def _list(visit: Visit, made: NewApiKey | None = None) -> Document:
    async def read(tx: Tx) -> tuple[list[ApiKey], Sequence[Trip]]:
        found = await of_user(tx, visit.actor.user, _MOST_SHOWN)
        return found, await _own_trips(tx, visit)

    found, trips = await visit.read(read)
    titles = {trip["_id"]: trip["title"] for trip in trips}
    lines = [
        Line(each, _about(visit, each), _limits(Scopes(each.scopes), titles))
        for each in reversed(found)
    ]
    url = f"{visit.call.services.public_url}{API}"
    return Document(template="keys.html", context={"lines": lines, "made": made, "url": url})


def _form(visit: Visit, trips: Sequence[Trip], problems: Problems) -> Document:
    titles = [trip["title"] for trip in trips]
    context = {
        "scopes": BASE_SCOPES,
        "chosen": visit.fields.get("scopes", []),
        "sent": visit.form,
        "today": visit.call.now[:10],
        # The title alone, where it is enough to know the trip by.
        "trips": [(t["title"] if titles.count(t["title"]) == 1 else t["_id"], t) for t in trips],
        "usual_limit": visit.call.services.settings.limits.requests_per_minute,
        "most_requests": key.MOST_REQUESTS,
        "problems": problems,
    }
    return Document(template="key-new.html", status=400 if problems else 200, context=context)


async def _own_trips(tx: Tx, visit: Visit) -> Sequence[Trip]:
    _, visible = await reading.trips_titled(tx, visit.actor, "")
    return visible


async def _trip_named(tx: Tx, visit: Visit, named: str) -> str:
    """The id of one's trip of this id or title; empty for none."""
    if not named:
        return ""
    titled, visible = await reading.trips_titled(tx, visit.actor, named)
    if any(trip["_id"] == named for trip in visible):
        return named
    if len(titled) != 1:
        raise _NoSuchTrip("keys.several_trips" if titled else "keys.no_trip")
    trip_id: str = titled[0]["_id"]
    return trip_id


def _sent(visit: Visit, trip_id: str) -> dict[str, Any]:
    """What the form sent, as the body of a request to the API."""
    end = f":{trip_id}" if trip_id else ""
    limit: Any = visit.form.get("rateLimit") or None
    return {
        "name": visit.form.get("name"),
        "scopes": [f"{scope}{end}" for scope in visit.fields.get("scopes", [])],
        "expiresAt": visit.form.get("expiresAt") or None,
        "rateLimit": int(limit) if limit and _NUMBER.fullmatch(limit) else limit,
    }


def _problems(words: Words, error: ValidationFailed) -> Problems:
    """By the fields of the form; where the form has a sentence of its own, that."""
    by_field: Problems = {}
    for path, sentence in problems_of(words, error).items():
        field = path.partition("[")[0]
        by_field[field] = words.get(f"keys.wrong_{field or 'number'}") or sentence
    return by_field


def _about(visit: Visit, shown: ApiKey) -> str:
    t, now = visit.words, visit.call.now
    parts = [t("keys.never_used")]
    if shown.last_used_at:
        used = dates.ago(t, shown.last_used_at, now)
        parts = [t("keys.last_used", when=used)]
        if shown.last_used_from:
            parts = [t("keys.last_used_from", when=used, source=shown.last_used_from)]
    if shown.expires_at:
        last = dates.long_date(t, key.last_day(shown.expires_at))
        parts.append(t("keys.expired" if shown.expires_at <= now else "keys.expires_on", date=last))
    else:
        parts.append(t("keys.no_expiry"))
    if shown.rate_limit:
        limit = dates.number(t, shown.rate_limit)
        parts.append(t("keys.per_minute", n=shown.rate_limit, number=limit))
    return "\N{NO-BREAK SPACE}· ".join(parts)


def _limits(scopes: Scopes, titles: dict[str, str]) -> list[Limited]:
    """What a key may do in all trips, and then in some; trips of the same scopes together."""
    everywhere = [base for base in BASE_SCOPES if scopes.has_unlimited(base)]
    trips = sorted({trip_id for base in BASE_SCOPES for trip_id in scopes.trips(base)})
    found = [Limited(everywhere, [])] if everywhere else []
    for trip_id in trips:
        here = [base for base in BASE_SCOPES if trip_id in scopes.trips(base)]
        same = next((each for each in found if each.trips and each.scopes == here), None)
        if same is None:
            found.append(same := Limited(here, []))
        same.trips.append(titles.get(trip_id, trip_id))
    return found
