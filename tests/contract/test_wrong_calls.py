"""Contract section 2: whoever makes a wrong call can mend it in one step, from the answer alone.

The calls are those that people, scripts and assistants make. Of each the test names what the answer
must tell: the right field, form, value, route or method.
"""

import dataclasses
from typing import Any

import pytest

from domain.scopes import Role
from tests.contract.kinds import channel_path
from tests.support import SAMPLES, TRIP, World, add_key

LEG, STAY, PIN = SAMPLES["leg"], SAMPLES["stay"], SAMPLES["mapPin"]
ITEM, EVENT = SAMPLES["actionItem"], SAMPLES["commitment"]
LEGS, PINS, ITEMS = "{trip}/legs", "{trip}/map-pins", "{trip}/action-items"
EVENTS, MESSAGES, SYNC = "{trip}/commitments", "{channel}/messages", "{trip}/sync"
ROW = "{trip}/legs/{leg}"

IANA = "an IANA time zone such as Europe/London"
DATE = "a date as 2026-07-15"
HH_MM = "a local time as HH:mm, 24 hours"
ISO = "such as 2026-07-15T09:30"
MANY = ':batch, as {"items": [...]}'
NO_FILTERS = "nextCursor leads to the next page"
AT_TRIP = "/api/v1/trips/{tripId}"


@dataclasses.dataclass(frozen=True)
class Wrong:
    """A wrong call, and what its answer must have in it."""

    name: str
    method: str
    path: str
    sent: Any
    """A body; bytes are sent as they are."""
    status: int
    told: tuple[str, ...]
    headers: dict[str, str] = dataclasses.field(default_factory=dict)


def post(name: str, path: str, sent: Any, *told: str, status: int = 400, **headers: str) -> Wrong:
    return Wrong(name, "POST", path, sent, status, told, headers)


def get(name: str, path: str, *told: str, status: int = 404, **headers: str) -> Wrong:
    return Wrong(name, "GET", path, None, status, told, headers)


def with_(sample: dict[str, Any], *missing: str, **fields: Any) -> dict[str, Any]:
    return {name: value for name, value in sample.items() if name not in missing} | fields


CALLS = (
    # Legs.
    post("snake_case", LEGS, with_(LEG, "startDate", start_date="2026-07-15"), "mean startDate?"),
    post("timeZone camel", LEGS, with_(LEG, "timezone", timeZone="Asia/Tokyo"), "mean timezone?"),
    post("tz abbreviation", LEGS, with_(LEG, timezone="JST"), IANA, "mean Asia/Tokyo?"),
    post("tz offset", LEGS, with_(LEG, timezone="+09:00"), IANA),
    post("tz with space", LEGS, with_(LEG, timezone="America/New York"), "America/New_York?"),
    post("tz windows", LEGS, with_(LEG, timezone="Tokyo Standard Time"), "mean Asia/Tokyo?"),
    post("tz of a system", LEGS, with_(LEG, timezone="localtime"), IANA),
    post("date with time", LEGS, with_(LEG, startDate="2026-07-15T00:00:00Z"), "2026-07-15?"),
    post("US date", LEGS, with_(LEG, startDate="07/15/2026"), DATE, "mean 2026-07-15?"),
    post("date in words", LEGS, with_(LEG, startDate="15 July 2026"), "mean 2026-07-15?"),
    post("date as seconds", LEGS, with_(LEG, startDate=1784073600), DATE, "not a number"),
    post("order string", LEGS, with_(LEG, order="1"), "order", "send 1 without quotes"),
    post("end before start", LEGS, with_(LEG, endDate="2026-07-01"), "endDate", "2026-07-15"),
    post("flight singular", LEGS, with_(LEG, flight={"airline": "JAL"}), "mean flights?"),
    post("flights object", LEGS, with_(LEG, flights={"airline": "JAL"}), "[{...}]"),
    post("flight time 12h", LEGS, with_(LEG, flights=[{"departureTime": "7:05 PM"}]), ISO),
    post("accommodation string", LEGS, with_(LEG, accommodation="Ryokan"), "an object", "name"),
    post("accommodation list", LEGS, with_(LEG, accommodation=[{}]), "without the list"),
    post("check-in time 3 PM", LEGS, with_(LEG, accommodation={"checkInTime": "3 PM"}), "15:00?"),
    post("notes of a leg", LEGS, with_(LEG, notes="x"), "accommodation, flights and rentalCar"),
    post("many legs as one", LEGS, [LEG, LEG], MANY),
    post("items without batch", LEGS, {"items": [LEG]}, MANY),
    post("wrapped leg", LEGS, {"leg": LEG}, "no field leg here; the fields are order, title"),
    post("clientRef number", LEGS, with_(LEG, clientRef=5), "clientRef", 'send "5" in quotes'),
    # Pins.
    post("pin latitude/longitude", PINS, {"name": "x", "latitude": 1, "longitude": 2},
         "mean lat?", "mean lng?"),
    post("pin coordinates", PINS, {"name": "x", "coordinates": [1, 2]}, "mean lat or lng?"),
    post("pin lat string", PINS, with_(PIN, lat="35.7"), "send 35.7 without quotes"),
    post("pin lng swapped", PINS, with_(PIN, lat=139.7, lng=35.7), "lat and lng", "wrong way"),
    post("pin title", PINS, with_(PIN, "name", title="x"), "mean name?"),
    # Checklist.
    post("item title", ITEMS, with_(ITEM, "text", title="x"), "mean text?"),
    post("urgency high", ITEMS, with_(ITEM, urgency="high"), "now, before_trip, nice_to_have"),
    post("urgency before-trip", ITEMS, with_(ITEM, urgency="before-trip"), "mean before_trip?"),
    post("owner by name", ITEMS, with_(ITEM, owner="Olga"), "GET /trips/{tripId}/members"),
    post("completed", ITEMS, with_(ITEM, completed=True), "mean isCompleted?"),
    post("isCompleted string", ITEMS, with_(ITEM, isCompleted="true"), "true without quotes"),
    # Commitments.
    post("event date", EVENTS, with_(EVENT, "startDate", date="2026-07-16"), "mean startDate?"),
    post("event category restaurant", EVENTS, with_(EVENT, category="restaurant"),
         "dinner, activity, birthday, meeting, other"),
    post("event time 7pm", EVENTS, with_(EVENT, startTime="7pm"), HH_MM, "mean 19:00?"),
    post("event time HH:mm:ss", EVENTS, with_(EVENT, startTime="19:00:00"), "mean 19:00?"),
    post("event startTime ISO", EVENTS, with_(EVENT, startTime="2026-07-16T19:00Z"), "19:00?"),
    post("event start as one", EVENTS, with_(EVENT, "startDate", startDateTime="2026-07-16T19:00"),
         "mean startDate or startTime?"),
    post("event legId by clientRef", EVENTS, with_(EVENT, legId="tokyo"),
         "_id of each leg", "legRef", "POST /trips/{tripId}/sync"),
    post("event legRef single POST", EVENTS, with_(EVENT, legRef="tokyo"), "_id, in legId"),
    post("event location", EVENTS, with_(EVENT, location="Ginza"), "mean mapPinId or notes?"),
    post("event multi-day endDate", EVENTS, with_(EVENT, endDate="07/18/2026"), "2026-07-18?"),
    post("event endDate before", EVENTS, with_(EVENT, endDate="2026-07-10"), "2026-07-16"),
    # Many at once.
    post("batch bare array", "{trip}/legs:batch", [LEG], '{"items": [...]}'),
    post("batch key legs", "{trip}/legs:batch", {"legs": [LEG]}, "mean items?"),
    post("batch slash", "{trip}/legs/batch", {"items": [LEG]}, "POST /api/v1", "/legs:batch",
         status=405),
    post("batch too large", "{trip}/legs:batch", {"items": [LEG] * 51}, "at most 50", "sync"),
    post("batch dry run", "{trip}/legs:batch?dryRun=true", {"items": [LEG]},
         "dryRun is for POST /trips/{tripId}/sync"),
    post("bulk", "{trip}/legs/bulk", {"items": [LEG]}, f"POST {AT_TRIP}/legs:batch", status=405),
    post("legs:bulk", "{trip}/legs:bulk", {"items": [LEG]}, f"{AT_TRIP}/legs:batch?", status=404),
    post("bulk of all kinds", "{trip}/bulk", {"legs": [LEG]}, f"{AT_TRIP}/sync", status=404),
    post("sync items wrong key", SYNC, {"pins": [PIN]}, "mean mapPins?"),
    post("sync wrapped", SYNC, {"data": {"legs": [LEG]}}, "legs go to the top"),
    post("sync of messages", SYNC, {"messages": []}, "POST /trips/{tripId}/channels/{channelId}/"),
    post("sync dryrun", f"{SYNC}?dryrun=true", {"legs": [LEG]}, "mean dryRun?"),
    post("sync dry_run", f"{SYNC}?dry_run=1", {"legs": [LEG]}, "mean dryRun?"),
    post("sync dryRun=1", f"{SYNC}?dryRun=1", {"legs": [LEG]}, "one of true, false"),
    post("sync dryRun in the body", SYNC, {"dryRun": True, "legs": [LEG]}, "?dryRun=true"),
    post("stay of no leg in a sync", SYNC, {"stays": [STAY]}, "legId", "legRef", status=207),
    # Methods.
    Wrong("PUT update", "PUT", ROW, LEG, 405, ("PATCH (Change one leg)",)),
    post("POST update", ROW, LEG, "PATCH (Change one leg)", status=405),
    get("GET leg", ROW, f"GET {AT_TRIP}/legs (List legs)", status=405),
    Wrong("PATCH many", "PATCH", LEGS, LEG, 405, (f"PATCH {AT_TRIP}/legs/{{legId}}",)),
    Wrong("DELETE many", "DELETE", LEGS, None, 405, (f"DELETE {AT_TRIP}/legs/{{legId}}",)),
    Wrong("PATCH trips", "PATCH", "/trips", TRIP, 405, (f"PATCH {AT_TRIP} (Change a trip)",)),
    post("POST trip", "{trip}", TRIP, "PATCH (Change a trip)", "POST /api/v1/trips", status=405),
    get("GET sync", SYNC, "POST (Diff-merge", f"GET {AT_TRIP}", status=405),
    get("GET share link", "{trip}/share-token", "POST (Share a trip)", status=405),
    # Paths.
    get("underscore path", "{trip}/action_items", f"{AT_TRIP}/action-items?"),
    get("camel path", "{trip}/actionItems", f"{AT_TRIP}/action-items?"),
    get("/pins", "{trip}/pins", f"{AT_TRIP}/map-pins?"),
    get("one of /pins", "{trip}/pins/x", f"{AT_TRIP}/map-pins/{{pinId}}?"),
    get("/todos", "{trip}/todos", f"{AT_TRIP}/action-items?"),
    get("/itinerary", "{trip}/itinerary", f"{AT_TRIP}/export?"),
    get("stays of a trip", "{trip}/stays", f"{AT_TRIP}/legs/{{legId}}/stays?"),
    get("messages of a trip", "{trip}/messages", f"{AT_TRIP}/channels/{{channelId}}/messages?"),
    get("commitments of a leg", f"{ROW}/commitments", f"mean {AT_TRIP}/commitments?"),
    get("a channel", "{channel}", f"{AT_TRIP}/channels"),
    get("singular", "/trip", "/api/v1/trips?"),
    get("singular of a leg", "{trip}/leg/{leg}", f"{AT_TRIP}/legs/{{legId}}?"),
    get("legs of no trip", "/legs", f"{AT_TRIP}/legs?"),
    get("groups", "/groups", "POST (Create a group)", status=405),
    get("jobs", "/jobs", "/api/v1/jobs/{jobId}?"),
    get("share link by half", "/shared/x", "/api/v1/shared/trips/{token}?", Authorization=""),
    get("base path twice", "/api/v1/trips", "/api/v1/trips?"),
    get("what is nothing", "{trip}/weather", "action-items", "map-pins", "members", "sync"),
    get("trip by title", "/trips/Cotswolds", "GET /api/v1/trips lists"),
    get("trailing slash", "/trips/", "/api/v1/trips?"),
    get("leg by clientRef", "{trip}/legs/tokyo/stays", "_id", "GET /trips/{tripId}/legs"),
    get("channel by name", "{trip}/channels/general/messages", "GET /trips/{tripId}/channels"),
    # Trips and messages.
    post("trip no groupId", "/trips", TRIP, "groupId", "GET /me"),
    post("trip groupId 'default'", "/trips", with_(TRIP, groupId="default"), "GET /me", status=403),
    post("trip destination", "/trips", with_(TRIP, groupId="g", destination="x"), "its legs have"),
    Wrong("status done", "PATCH", "{trip}", {"status": "done"}, 400, ("draft, active, completed",)),
    Wrong("JSON patch", "PATCH", "{trip}", [{"op": "replace", "path": "/title"}], 400,
          ("fields to change as one object",)),
    post("message text", MESSAGES, {"text": "x"}, "mean content?"),
    # JSON.
    post("double-encoded JSON", LEGS, b'"{\\"title\\": 1}"', "not a string that holds JSON"),
    post("python dict", LEGS, b"{'title': 'x'}", '"double quotes"'),
    post("python True", ITEMS, b'{"isCompleted": True}', "true, false and null"),
    post("markdown fence", LEGS, b'```json\n{"title": "x"}\n```', "without the Markdown fence"),
    post("names without quotes", LEGS, b'{title: "x"}', '"double quotes"'),
    post("typographic quotes", LEGS, '{“title”: “x”}'.encode(), '"double quotes"'),
    post("trailing comma", LEGS, b'{"title": "x",}', "trailing comma"),
    post("comments", LEGS, b'{"title": "x" // so\n}', "no comments"),
    post("not a number", PINS, b'{"lat": NaN}', "send null"),
    post("talk around JSON", LEGS, b'Here it is: {"title": "x"}', "nothing but the JSON"),
    post("no body", LEGS, b"", "send an object"),
    post("form", LEGS, b"title=x", "Content-Type: application/json", status=415,
         **{"Content-Type": "application/x-www-form-urlencoded"}),
    # Queries.
    get("page", f"{LEGS}?page=2", "limit, cursor", NO_FILTERS, status=400),
    get("per_page", f"{LEGS}?per_page=5", "mean limit?", status=400),
    get("nextCursor", f"{LEGS}?nextCursor=x", "mean cursor?", status=400),
    get("made-up cursor", f"{LEGS}?cursor=2", "the nextCursor of this same list", status=400),
    get("filter", f"{ITEMS}?urgency=now", "no filters", NO_FILTERS, status=400),
    get("fields", "{trip}/export?fields=legs", "takes no query parameters", status=400),
    post("expiry of a share link", "{trip}/share-token", {"expiresAt": "2027-01-01"},
         "expiresAt", "takes no body"),
    # Keys and conditions.
    get("no key", "/me", "Authorization: Bearer osk_", status=401, Authorization=""),
    get("key without Bearer", "/me", "Bearer osk_", status=401, Authorization="osk_x"),
    get("another product's key", "/me", "osk_", status=401, Authorization="Bearer sk-x"),
    get("unknown key", "/me", "unknown, revoked or expired", status=401,
        Authorization="Bearer osk_x"),
    Wrong("tag without quotes", "PATCH", ROW, {}, 400, ("in quotes, as ETag",), {"If-Match": "7"}),
    Wrong("tag of before", "PATCH", ROW, {}, 412, ("read it again",), {"If-Match": '"0-x"'}),
    post("create with a tag", LEGS, LEG, "leave it out to create", status=412, **{"If-Match": "*"}),
)  # fmt: skip


@pytest.fixture
async def names(world: World) -> dict[str, str]:
    """What stands for the names in paths."""
    channel = (await channel_path(world)).removesuffix("/messages")
    return {"trip": world.trip, "leg": (await world.make("/legs", LEG))["_id"], "channel": channel}


async def test_a_wrong_call_can_be_mended_from_its_answer(world, names, subtests):
    before = await world.client.get(f"{world.trip}/export")
    for call in CALLS:
        with subtests.test(call.name):
            data = call.sent if isinstance(call.sent, bytes) else None
            body = None if data is not None else call.sent
            answer = await world.client.send(
                call.method, call.path.format(**names), body, data=data, headers=call.headers
            )
            assert answer.status == call.status, answer.raw
            text = told_in(answer.json)
            assert [words for words in call.told if words not in text] == []
    assert (await world.client.get(f"{world.trip}/export")).json == before.json


def told_in(answer: Any) -> str:
    """All strings of an answer, but for what a client program reads."""
    if isinstance(answer, dict):
        return "\n".join(map(told_in, answer.values()))
    if isinstance(answer, list):
        return "\n".join(map(told_in, answer))
    return answer if isinstance(answer, str) else ""


async def test_a_limit_above_the_most_is_cut(world):
    """The one call of them that is right."""
    assert (await world.client.get(f"{world.trip}/legs?limit=500")).status == 200


def test_there_are_enough_wrong_calls_to_be_sure():
    assert len({call.name for call in CALLS}) == len(CALLS) >= 100


async def test_a_403_tells_what_is_missing(world):
    limited = await add_key(world.store, world.owner.user_id, f"trips:read:{world.trip_id}")
    viewer = (await world.person("vera", Role.VIEWER)).key
    stranger = (await world.person("otto", None)).key
    for key, method, path, told in (
        (limited, "POST", LEGS, "lacks the scope trips:write"),
        (limited, "GET", "/trips/other", f"for other trips only: {world.trip_id}"),
        (viewer, "POST", LEGS, "needs the role editor"),
        (stranger, "GET", LEGS, "a group you are not in"),
    ):
        body = LEG if method == "POST" else None
        answer = await world.as_(key).send(method, path.format(trip=world.trip), body)
        assert (answer.status, told in answer.json["error"]["message"]) == (403, True), answer.raw
