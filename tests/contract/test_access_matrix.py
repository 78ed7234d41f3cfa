"""Contract section 3 as a matrix: every route by every kind of scope by every role.

What is expected is computed here from the contract's sentences, apart from the product's code;
only the list of routes is the product's, so that a new route cannot escape.
"""

import dataclasses
import re

import pytest

from domain.resources import RESOURCES
from domain.scopes import Role
from server.routes import ROUTES
from tests.contract.kinds import channel_path
from tests.support import SAMPLES, TRIP, WEBHOOK, World, add_key, gather

BASE = ("trips:read", "trips:write", "messages:read", "messages:write")
ROLES: dict[str, Role | None] = {
    "editor": Role.EDITOR,
    "viewer": Role.VIEWER,
    "outsider": None,
}
SCOPES = ("plain", "limited to this trip", "limited to another trip", "all but this one")
OPEN = ("/shared/", "/calendars/", "/openapi.json")
"""What needs no key."""
ANY_KEY = ("/me", "/jobs/")
"""What needs only a valid key."""
FEED = "/me/calendar-token"
"""What shows all of a user's trips, and so needs the scope for all of them."""


def needed_scope(method: str, path: str) -> str | None:
    """`messages:*` cover channels and messages, `trips:*` all the rest."""
    if path == FEED:
        return "trips:read"
    if path.startswith(ANY_KEY):
        return None
    noun = "messages" if "/channels" in path else "trips"
    reads = method == "GET" or path.startswith("/webhooks")
    return f"{noun}:{'read' if reads else 'write'}"


def granted(scopes: str, scope: str | None, trip_id: str, other_id: str) -> list[str]:
    """The scopes of a key of one of the kinds of `SCOPES`."""
    scope = scope or "trips:read"  # where none is needed, all kinds of keys must do
    return {
        "plain": [scope],
        "limited to this trip": [f"{scope}:{trip_id}"],
        "limited to another trip": [f"{scope}:{other_id}"],
        "all but this one": [base for base in BASE if base != scope],
    }[scopes]


def expected(method: str, path: str, role: str, scopes: str) -> int:
    """The status, 200 standing for any success."""
    if path.startswith("/jobs/"):
        return 200 if role == "owner" else 404  # the job is the owner's
    if path == FEED:
        return 200 if scopes == "plain" else 403
    if path.startswith(ANY_KEY):
        return 200
    if scopes == "all but this one":
        return 403
    if path == "/trips":
        if method == "GET":
            return 200  # lists what the key covers, if only nothing
        return 200 if scopes == "plain" and role in ("owner", "editor") else 403
    if path == "/webhooks" and method == "GET":
        return 200  # lists the user's own
    if path.startswith("/webhooks/"):
        # The owner's, of this trip.
        return 200 if role == "owner" and scopes != "limited to another trip" else 404
    if scopes == "limited to another trip" or role == "outsider":
        return 403
    reads = method == "GET" or path == "/webhooks"
    return 403 if role == "viewer" and not reads else 200


@dataclasses.dataclass
class Targets:
    """What the paths' parameters stand for, and a body for each operation."""

    world: World
    leg: str
    channel: str
    job: str
    token: str
    feed: str

    @classmethod
    async def make(cls, world: World) -> "Targets":
        leg = await world.make("/legs", SAMPLES["leg"])
        channel = (await channel_path(world)).split("/")[-2]
        queued = await world.client.post(
            f"{world.trip}/sync", {}, headers={"Prefer": "respond-async"}
        )
        token = (await world.client.post(f"{world.trip}/share-token")).json["token"]
        feed = (await world.client.post(FEED)).json["url"]
        return cls(world, leg["_id"], channel, queued.json["_id"], token, feed)

    async def path(self, template: str) -> str:
        """The path of an existing thing; a row is made for each request, as some delete it."""
        values = {"tripId": self.world.trip_id, "channelId": self.channel, "legId": self.leg}
        values |= {"jobId": self.job, "token": self.token, "rev": "1"}
        if "{webhookId}" in template:
            hook = (await self.world.client.post("/webhooks", self.hook)).json["_id"]
            delivery = (await self.world.client.post(f"/webhooks/{hook}/test")).json["_id"]
            return template.format(webhookId=hook, deliveryId=delivery)
        if template.startswith("/calendars/"):
            return self.feed
        if template.endswith("/undo"):
            await self.world.make("/map-pins", SAMPLES["mapPin"])
            latest = await self.world.client.get(f"{self.world.trip}/history?limit=1")
            values["rev"] = str(latest.json["items"][0]["rev"])
            return template.format(**values)
        collection, _, last = template.rpartition("/")
        if last.startswith("{") and last not in ("{tripId}", "{jobId}", "{token}", "{rev}"):
            below = collection.removeprefix("/trips/{tripId}").format(**values)
            made = await self.world.make(below, _sample(collection))
            values[last.strip("{}")] = made["_id"]
        return template.format(**values)

    @property
    def hook(self) -> dict[str, object]:
        """A webhook of the trip."""
        return {**WEBHOOK, "tripId": self.world.trip_id}

    def body(self, method: str, template: str) -> object:
        """A body the operation takes."""
        bodiless = ("-token", "/undo", "/test", "/redeliver")
        if method == "GET" or method == "DELETE" or template.endswith(bodiless):
            return None
        if method == "PATCH" or template.endswith("/sync"):
            return {}
        if template.endswith("/import"):
            return {"type": "FeatureCollection", "features": []}
        if template == "/webhooks":
            return self.hook
        if template == "/trips":
            return {"groupId": self.world.group_id, **TRIP}
        if template.endswith("/messages"):
            return {"content": "Hello"}
        if template.endswith(":batch"):
            return {"items": [_sample(template.removesuffix(":batch"))]}
        return _sample(template)


def _sample(collection: str) -> dict[str, object]:
    [sample] = [
        SAMPLES[resource.kind]
        for resource in RESOURCES
        if collection == f"/trips/{{tripId}}{resource.path}"
    ]
    return sample


def routes_for(*kinds: str) -> pytest.MarkDecorator:
    """Those of these kinds of access."""
    routes = [route for route in ROUTES if route.access in kinds]
    return pytest.mark.parametrize(
        ("method", "template"),
        [(route.method, route.path) for route in routes],
        ids=[f"{route.method} {route.path}" for route in routes],
    )


@routes_for("session")
async def test_what_people_do_no_key_may_do(world, method, template):
    path = re.sub(r"\{\w+\}", "x", template)
    assert (await world.client.send(method, path)).code == "FORBIDDEN"
    assert (await world.as_(None).send(method, path)).code == "UNAUTHORIZED"


@routes_for("key", "address")
async def test_each_route_lets_in_whom_the_contract_lets_in(world, method, template):
    people = {"owner": world.owner.user_id}
    for name, role in ROLES.items():
        people[name] = (await world.person(name, role)).user_id
    other_trip = await world.new_trip()
    targets = await Targets.make(world)
    scope = needed_scope(method, template)
    wrong = []

    async def attempt(who: str, key: str | None, status: int) -> None:
        path, body = await targets.path(template), targets.body(method, template)
        if template.endswith("/events"):
            # It has no end.
            async with world.as_(key).open(path) as stream:
                found, raw = stream.status, await stream.content.readany()
        else:
            response = await world.as_(key).send(method, path, body)
            found, raw = response.status, response.raw
        found = 200 if found < 300 else found
        if found != status:
            wrong.append(f"{who}: {found}, not {status}: {raw.decode()}")

    await attempt("nobody", None, 200 if template.startswith(OPEN) else 401)
    if not template.startswith(OPEN):
        for person, user_id in people.items():
            keys = [
                add_key(world.store, user_id, *granted(s, scope, world.trip_id, other_trip))
                for s in SCOPES
            ]
            for scopes, key in zip(SCOPES, await gather(*keys), strict=True):
                status = expected(method, template, person, scopes)
                await attempt(f"{person}, {scopes}", key, status)
    assert not wrong, "\n".join(wrong)


def test_what_the_contract_names_is_in_the_table():
    named = {
        "GET /me", "GET /trips", "POST /trips", "GET /jobs/{jobId}",
        "GET /shared/trips/{token}", "GET /shared/trips/{token}/export",
    }  # fmt: skip
    trip = "/trips/{tripId}"
    named |= {f"{method} {trip}" for method in ("GET", "PATCH", "DELETE")}
    named |= {f"GET {trip}/{name}" for name in ("export", "channels", "members")}
    named |= {f"GET {trip}/{name}" for name in ("changes", "history", "history/{rev}")}
    named |= {f"POST {trip}/history/{{rev}}/undo"}
    named |= {f"GET {trip}/calendar.ics", "GET /shared/trips/{token}/calendar.ics"}
    named |= {"POST /me/calendar-token", "DELETE /me/calendar-token", "GET /calendars/{token}.ics"}
    named |= {f"{m} {trip}/channels/{{channelId}}/messages" for m in ("GET", "POST")}
    named |= {f"POST {trip}/sync", f"POST {trip}/share-token", f"DELETE {trip}/share-token"}
    rows = {
        "legs": "legId",
        "legs/{legId}/stays": "stayId",
        "action-items": "itemId",
        "commitments": "commitmentId",
        "map-pins": "pinId",
    }
    for path, row in rows.items():
        named |= {f"{method} {trip}/{path}" for method in ("GET", "POST")}
        named |= {f"POST {trip}/{path}:batch"}
        named |= {f"{method} {trip}/{path}/{{{row}}}" for method in ("PATCH", "DELETE")}
    assert named <= {f"{route.method} {route.path}" for route in ROUTES}
