"""The tools, one by one: who is shown which, and what they do and refuse."""

import re

import msgspec
import pytest

from domain.resources import BY_KIND, RESOURCES
from domain.scopes import Role
from server.mcp.tools import TOOLS
from server.mcp.wording import in_tools, upsert_name
from tests.assistants.speaking import LARGEST_LIST, speaker
from tests.support import SAMPLES, TRIP, add_key, add_person

READS = [
    *("whoami", "list_trips", "get_trip", "get_day", "find_in_trip", "list_items"),
    *("history", "get_job"),
]
OWN = ["whoami", "get_job"]
WRITES = [
    *("create_trip", "update_trip", "archive_trip", "upsert_legs", "upsert_stays", "upsert_pins"),
    *("upsert_action_items", "upsert_commitments", "delete_items", "sync_trip", "undo"),
    "share_trip",
]
ALL = [
    *("whoami", "list_trips", "get_trip", "get_day", "find_in_trip", "list_items", "create_trip"),
    *("update_trip", "archive_trip", "upsert_legs", "upsert_stays", "upsert_pins"),
    *("upsert_action_items", "upsert_commitments", "delete_items", "sync_trip", "history", "undo"),
    *("list_messages", "post_message", "share_trip", "get_job"),
]
"""In the order in which they are shown."""


async def test_all_tools_in_their_order_are_small(mcp):
    response = await mcp.send("tools/list")
    assert len(response.raw) <= LARGEST_LIST
    assert await mcp.tools() == ALL


@pytest.mark.parametrize(
    ("scopes", "shown"),
    [
        (["trips:read"], READS),
        (["trips:write"], [*OWN, *WRITES]),
        (["messages:read"], [*OWN, "list_messages"]),
        (["messages:write"], [*OWN, "post_message"]),
        (["trips:read", "messages:read"], [*READS, "list_messages"]),
        (["trips:read:{trip}"], READS),
        (["trips:write:{trip}"], [*OWN, *(name for name in WRITES if name != "create_trip")]),
        (["trips:read", "trips:write", "messages:read", "messages:write"], ALL),
    ],
)
async def test_tools_are_shown_by_scopes(world, scopes, shown):
    given = [scope.format(trip=world.trip_id) for scope in scopes]
    mcp = speaker(world, await add_key(world.store, world.owner.user_id, *given))
    assert await mcp.tools() == [name for name in ALL if name in shown]
    for name in ALL:
        if name not in shown:
            refused = await mcp.call(name, trip=world.trip_id)
            assert refused.error["code"] == "FORBIDDEN"
            assert "scope" in refused.text


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_tool_is_described(tool):
    told = msgspec.json.decode(tool.described)
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", told["name"])
    assert told["annotations"]["title"] == told["title"]
    assert told["annotations"]["openWorldHint"] is False
    assert told["annotations"]["readOnlyHint"] is not tool.writes
    assert not (tool.destructive and not tool.writes)
    assert told["inputSchema"]["type"] == "object"
    assert told["inputSchema"]["additionalProperties"] is False
    assert {*told["inputSchema"].get("required", [])} <= told["inputSchema"]["properties"].keys()


def test_every_resource_has_its_tool():
    names = [tool.name for tool in TOOLS]
    assert all(upsert_name(resource) in names for resource in RESOURCES)
    kinds = next(tool for tool in TOOLS if tool.name == "list_items")
    schema = msgspec.json.decode(kinds.described)["inputSchema"]
    assert schema["properties"]["kind"]["enum"] == list(BY_KIND)


async def make(mcp, world, kind, **fields):
    """A row of a kind; its id."""
    item = SAMPLES[kind] | fields
    if kind == "stay" and not {"legId", "legRef"} & item.keys():
        item["legId"] = await make(mcp, world, "leg")
    made = await mcp.do(upsert_name(BY_KIND[kind]), trip=world.trip_id, items=[item])
    return made["results"][0]["_id"]


@pytest.mark.parametrize("kind", BY_KIND)
async def test_a_kind_is_made_listed_changed_found_and_deleted(world, mcp, kind):
    row_id = await make(mcp, world, kind, clientRef="ref")
    (row,) = await mcp.all("list_items", trip=world.trip_id, kind=kind)
    assert row.items() >= {"_id": row_id, "clientRef": "ref", **SAMPLES[kind]}.items()
    upsert = upsert_name(BY_KIND[kind])
    field = next(name for name in ("title", "name", "text") if name in row)
    for by in ({"_id": row_id}, {"_id": row_id, "clientRef": "ref"}):
        told = await mcp.do(upsert, trip=world.trip_id, items=[by | {field: f"New {len(by)}"}])
        assert [each["status"] for each in told["results"]] == ["updated"]
        assert told["results"][0].items() >= {"_id": row_id, "name": f"New {len(by)}"}.items()
    found = await mcp.do("find_in_trip", trip=world.trip_id, query="new 2")
    assert [each["_id"] for each in found["items"]] == [row_id]
    told = await mcp.do("delete_items", trip=world.trip_id, ids=[row_id], kind=kind)
    assert told["results"][0].items() >= {"_id": row_id, "status": "deleted"}.items()
    assert await mcp.all("list_items", trip=world.trip_id, kind=kind) == []
    assert await mcp.do("undo", trip=world.trip_id, rev=told["rev"])
    assert len(await mcp.all("list_items", trip=world.trip_id, kind=kind)) == 1


async def test_of_several_items_those_that_are_right_are_done(world, mcp):
    right, wrong = SAMPLES["mapPin"], {"name": "Nowhere", "latitude": 1}
    gone = {"_id": "gone", "name": "x"}
    told = await mcp.do("upsert_pins", trip=world.trip_id, items=[right, wrong, gone, "pin"])
    assert [each["status"] for each in told["results"]] == ["created", "error", "error", "error"]
    assert (told["created"], told["errors"]) == (1, 3)
    details = told["results"][1]["error"]["details"]
    assert {(each["path"], each["reason"]) for each in details} == {
        ("lat", "required"),
        ("lng", "required"),
        ("latitude", "unknown_field"),
    }
    (detail,) = told["results"][2]["error"]["details"]
    assert (detail["path"], detail["reason"]) == ("_id", "not_found")
    refused = await mcp.call("upsert_pins", trip=world.trip_id, items=[gone])
    assert refused.failed, "of one item none was done"
    assert len(await mcp.all("list_items", trip=world.trip_id, kind="mapPin")) == 1


async def test_an_item_with_the_ref_of_another_row_is_a_duplicate(world, mcp):
    first = await make(mcp, world, "mapPin", clientRef="a")
    await make(mcp, world, "mapPin", clientRef="b")
    for ref in ("b", "a", "c"):
        item = {"_id": first, "clientRef": ref, "notes": ref}
        told = (await mcp.call("upsert_pins", trip=world.trip_id, items=[item])).data["results"]
        assert (told[0]["status"] == "error") == (ref == "b")
        if ref == "b":
            assert told[0]["error"]["details"][0]["reason"] == "duplicate"


async def test_a_null_clears_and_items_can_name_each_other_by_ref(world, mcp):
    await make(mcp, world, "leg", clientRef="l")
    await make(mcp, world, "mapPin", clientRef="p", notes="x")
    event = await make(mcp, world, "commitment", legRef="l", mapPinRef="p")
    await make(mcp, world, "stay", legRef="l")
    await make(mcp, world, "mapPin", clientRef="p", notes=None)
    (pin,) = await mcp.all("list_items", trip=world.trip_id, kind="mapPin")
    assert "notes" not in pin
    day = await mcp.do("get_day", trip=world.trip_id, date="2026-07-16")
    told = {each["what"]: each for each in day["items"]}
    assert told.keys() == {"night", "leg", "commitment"}
    assert told["commitment"]["_id"] == event
    assert told["commitment"]["mapPin"]["name"] == "Sensoji"
    assert told["commitment"]["leg"]["title"] == "Tokyo"


@pytest.mark.parametrize("count", [0, 51])
async def test_how_many_items_there_may_be(world, mcp, count):
    refused = await mcp.call("upsert_pins", trip=world.trip_id, items=[SAMPLES["mapPin"]] * count)
    assert refused.error["details"][0]["path"] == "items"
    refused = await mcp.call("delete_items", trip=world.trip_id, ids=["a"] * (count and 21))
    assert refused.error["details"][0]["path"] == "ids"


async def test_a_dry_run_writes_nothing(world, mcp):
    pin = await make(mcp, world, "mapPin", clientRef="p")
    items = [{**SAMPLES["mapPin"], "clientRef": "p", "name": "Other"}, SAMPLES["mapPin"]]
    told = await mcp.do("upsert_pins", trip=world.trip_id, items=items, dryRun=True)
    changed, new = told["results"]
    assert changed["changes"] == {"name": {"from": "Sensoji", "to": "Other"}}
    assert changed["_id"] == pin
    assert new["status"] == "created"
    assert "_id" not in new
    assert len(await mcp.all("list_items", trip=world.trip_id, kind="mapPin")) == 1


async def test_delete_tells_each(world, mcp):
    leg = await make(mcp, world, "leg", clientRef="l")
    stay = await make(mcp, world, "stay", legRef="l")
    pin = await make(mcp, world, "mapPin")
    told = await mcp.do("delete_items", trip=world.trip_id, ids=[leg, "gone", stay, leg])
    assert [each["status"] for each in told["results"]] == ["deleted", "error", "deleted"]
    assert told["results"][1]["error"]["code"] == "NOT_FOUND"
    refused = await mcp.call("delete_items", trip=world.trip_id, ids=[pin], kind="leg")
    assert refused.failed
    channel = (await world.client.get(f"{world.trip}/channels")).json["items"][0]["_id"]
    assert (await mcp.call("delete_items", trip=world.trip_id, ids=[channel])).failed
    assert len(await mcp.all("list_items", trip=world.trip_id, kind="mapPin")) == 1


async def test_a_sync_is_a_dry_run_unless_false_is_said(world, mcp):
    body = {
        "legs": [{**SAMPLES["leg"], "clientRef": "l"}],
        "stays": [{**SAMPLES["stay"], "legRef": "l"}],
        "mapPins": [{"name": "Nowhere"}],
    }
    told = await mcp.do("sync_trip", trip=world.trip_id, **body)
    assert told["dryRun"] is True
    assert told["legs"] == {"created": 1, "updated": 0, "unchanged": 0, "errors": 0}
    assert told["results"][0]["status"] == "error", "what failed comes first"
    assert await mcp.all("list_items", trip=world.trip_id, kind="leg") == []
    told = await mcp.do("sync_trip", trip=world.trip_id, dryRun=False, **body)
    assert told["dryRun"] is False
    (leg,) = await mcp.all("list_items", trip=world.trip_id, kind="leg")
    assert leg["_id"] in [each.get("_id") for each in told["results"]]
    refused = await mcp.call("sync_trip", trip=world.trip_id, dryRun="false", **body)
    assert refused.error["details"][0]["path"] == "dryRun"


async def test_an_export_can_be_sent_back(world, mcp):
    await make(mcp, world, "stay")
    read = await mcp.ask("resources/read", {"uri": f"carnet://trips/{world.trip_id}"})
    whole = msgspec.json.decode(read["contents"][0]["text"])
    del whole["trip"]
    told = await mcp.do("sync_trip", trip=world.trip_id, **whole)
    assert {each["status"] for each in told["results"]} == {"unchanged"}


async def test_a_large_sync_is_a_job_that_is_waited_for(world, mcp):
    pins = [{**SAMPLES["mapPin"], "clientRef": f"p{n}"} for n in range(300)]
    result = await mcp.call("sync_trip", trip=world.trip_id, dryRun=False, mapPins=pins)
    assert "more: history with the rev of this sync" in result.text
    told = result.data
    assert told["mapPins"]["created"] == 300
    assert len(told["results"]) + told["left"] == 300
    assert len(await mcp.all("list_items", trip=world.trip_id, kind="mapPin")) == 300
    rev = (await mcp.do("history", trip=world.trip_id))["items"][0]["rev"]
    changed = await mcp.all("history", trip=world.trip_id, rev=rev)
    assert len({each["_id"] for each in changed}) == 300
    taken_back = await mcp.do("undo", trip=world.trip_id, rev=rev)
    assert taken_back["mapPins"]["deleted"] == 300
    assert await mcp.all("list_items", trip=world.trip_id, kind="mapPin") == []


async def test_a_job_is_told_with_its_results(world, mcp):
    pins = [{**SAMPLES["mapPin"], "name": f"p{n}"} for n in range(300)]
    later = {"Prefer": "respond-async"}
    made = await world.client.post(f"{world.trip}/sync", {"mapPins": pins}, headers=later)
    job_id = made.json["_id"]
    while (await mcp.do("get_job", jobId=job_id))["status"] != "succeeded":
        pass
    results = await mcp.all("get_job", "results", jobId=job_id)
    assert [each["index"] for each in results] == list(range(300))
    refused = await mcp.call("get_job", jobId="nothing")
    assert refused.error["code"] == "NOT_FOUND"


async def test_trips_are_made_changed_and_archived(world, mcp):
    made = (await mcp.do("create_trip", **TRIP | {"title": "Café Tour"}))["trip"]
    assert made["groupId"] == world.group_id
    for name in (made["_id"], "Café Tour", "cafe  tour", "CAFÉ TOUR"):
        assert (await mcp.do("get_trip", trip=name))["trip"]["_id"] == made["_id"]
    changed = await mcp.do("update_trip", trip="café tour", status="active", endDate="2026-07-23")
    assert changed["trip"].items() >= {"status": "active", "endDate": "2026-07-23"}.items()
    archived = await mcp.do("archive_trip", trip=made["_id"])
    assert archived["trip"]["status"] == "completed"
    refused = await mcp.call("create_trip", name="x", startDate="tomorrow")
    assert {(each["path"], each["reason"]) for each in refused.error["details"]} == {
        ("title", "required"),
        ("endDate", "required"),
        ("startDate", "malformed"),
        ("name", "unknown_field"),
    }
    listed = await mcp.all("list_trips")
    assert [each["_id"] for each in listed] == [world.trip_id, made["_id"]]


async def test_a_name_of_several_trips_or_none_is_told_the_candidates(world, mcp):
    second = await world.new_trip()
    refused = await mcp.call("get_trip", trip="cotswolds")
    assert refused.error["details"][0]["path"] == "trip"
    assert world.trip_id in refused.text
    assert second in refused.text
    refused = await mcp.call("get_trip", trip="Scotland")
    assert refused.error["code"] == "NOT_FOUND"
    assert second in refused.text
    assert "Cotswolds" in refused.text
    assert "GET" not in refused.text


async def test_trips_of_others_are_neither_found_nor_named(world, mcp):
    stranger = await add_person(world.store, "Sam", None)
    theirs = speaker(world, stranger.key)
    refused = await theirs.call("get_trip", trip="Cotswolds")
    assert world.trip_id not in refused.text
    assert (await theirs.call("get_trip", trip=world.trip_id)).error["code"] == "FORBIDDEN"
    viewer = speaker(world, (await world.person("Vera", Role.VIEWER)).key)
    assert await viewer.do("get_trip", trip="Cotswolds")
    refused = await viewer.call("upsert_pins", trip="Cotswolds", items=[SAMPLES["mapPin"]])
    assert refused.error["code"] == "FORBIDDEN"
    assert "editor" in refused.text


async def test_a_key_limited_to_a_trip_is_told_nothing_of_others(world):
    other = await world.new_trip()
    scope = f"trips:read:{world.trip_id}"
    mcp = speaker(world, await add_key(world.store, world.owner.user_id, scope))
    assert (await mcp.do("get_trip", trip="Cotswolds"))["trip"]["_id"] == world.trip_id
    codes = {(await mcp.call("get_trip", trip=each)).error["code"] for each in (other, "nothing")}
    assert codes == {"FORBIDDEN"}
    listed = await mcp.ask("resources/list")
    assert [each["uri"] for each in listed["resources"]] == [f"carnet://trips/{world.trip_id}"]
    read = await mcp.send("resources/read", {"uri": f"carnet://trips/{other}"})
    assert read.json["error"]["data"]["error"]["code"] == "FORBIDDEN"


async def test_a_key_that_only_writes_names_trips_by_id(world):
    mcp = speaker(world, await add_key(world.store, world.owner.user_id, "trips:write"))
    assert await mcp.do("upsert_pins", trip=world.trip_id, items=[SAMPLES["mapPin"]])
    refused = await mcp.call("upsert_pins", trip="Cotswolds", items=[SAMPLES["mapPin"]])
    assert refused.error["code"] == "NOT_FOUND"
    assert "has to send the _id" in refused.text
    assert world.trip_id not in refused.text


async def test_messages(world, mcp):
    ann = await world.person("Ann", Role.EDITOR)
    sent = await mcp.do("post_message", trip="Cotswolds", content="Hello", clientRef="a")
    again = await mcp.do("post_message", trip="Cotswolds", content="Hello", clientRef="a")
    assert sent == again
    await speaker(world, ann.key).do("post_message", trip=world.trip_id, content="Hi\nthere")
    listed = await mcp.all("list_messages", trip="Cotswolds")
    assert [(each["authorName"], each["content"]) for each in listed] == [
        ("Ann", "Hi\nthere"),
        ("Olga", "Hello"),
    ]
    reader = speaker(world, await add_key(world.store, ann.user_id, "messages:read"))
    (first, _) = await reader.all("list_messages", trip=world.trip_id)
    assert "authorName" not in first
    assert (await mcp.do("find_in_trip", trip="Cotswolds", query="THERE"))["found"] == 1
    readers = speaker(world, await add_key(world.store, ann.user_id, "trips:read"))
    assert (await readers.do("find_in_trip", trip="Cotswolds", query="there"))["found"] == 0
    assert all("messages" not in each["summary"]
               for each in await readers.all("history", trip="Cotswolds"))  # fmt: skip
    refused = await mcp.call("post_message", trip="Cotswolds", text="Hello")
    assert "did you mean content?" in refused.text


async def test_history_tells_who_and_undo_takes_back(world, mcp):
    pin = await make(mcp, world, "mapPin")
    changed = await mcp.do("upsert_pins", trip=world.trip_id, items=[{"_id": pin, "notes": "n"}])
    (latest, *_) = await mcp.all("history", trip=world.trip_id)
    assert latest["rev"] == changed["rev"]
    assert (latest["by"]["name"], latest["via"]) == ("Olga", "api")
    assert latest["requestId"].startswith("req_")
    (item,) = await mcp.all("history", trip=world.trip_id, rev=latest["rev"])
    assert item["changes"] == {"notes": {"from": None, "to": "n"}}
    dry = await mcp.do("undo", trip=world.trip_id, rev=latest["rev"], dryRun=True)
    assert dry["results"] == [
        {"kind": "mapPin", "_id": pin, "status": "updated", "name": "Sensoji"}
    ]
    await mcp.do("upsert_pins", trip=world.trip_id, items=[{"_id": pin, "notes": "later"}])
    refused = await mcp.call("undo", trip=world.trip_id, rev=latest["rev"])
    assert refused.data["results"][0]["error"]["code"] == "CONFLICT"
    assert await mcp.do("undo", trip=world.trip_id, rev=latest["rev"], force=True)
    (row,) = await mcp.all("list_items", trip=world.trip_id, kind="mapPin")
    assert "notes" not in row
    for rev in (1, 10_000, 0, "1"):
        refused = await mcp.call("undo", trip=world.trip_id, rev=rev)
        assert refused.failed
        assert not re.search(r"\b(GET|POST|PATCH|DELETE)\b", refused.text)


async def test_an_undo_that_changes_nothing_names_no_rev_to_undo(world, mcp):
    pin = await make(mcp, world, "mapPin")
    (created, *_) = await mcp.all("history", trip=world.trip_id)
    deleted = await mcp.do("delete_items", trip=world.trip_id, ids=[pin])
    told = await mcp.call("undo", trip=world.trip_id, rev=created["rev"])
    assert told.data["results"][0]["status"] == "unchanged"
    assert told.data["rev"] == deleted["rev"]
    assert told.text.startswith(f"Nothing of rev {created['rev']} is left to take back:")


async def test_an_empty_list_is_one(world, mcp):
    listed = await mcp.do("list_items", trip=world.trip_id, kind="stay")
    assert listed["items"] == []
    found = await mcp.do("find_in_trip", trip=world.trip_id, query="nowhere at all")
    assert found["items"] == []
    assert "items" not in await mcp.do("share_trip", trip=world.trip_id)


async def test_a_trip_is_shared(world, mcp):
    told = await mcp.do("share_trip", trip=world.trip_id)
    assert (await mcp.do("share_trip", trip=world.trip_id))["url"] == told["url"]
    assert (await world.as_(None).get(told["url"])).status == 200
    assert told["page"] == f"{world.running.base}/t/{told['token']}"
    assert (await world.as_(None).get(told["page"])).status == 200


@pytest.mark.parametrize("arguments", ["x", 7, [], [1]])
async def test_arguments_are_an_object(world, mcp, arguments):
    result = await mcp.ask("tools/call", {"name": "whoami", "arguments": arguments})
    assert result["isError"]
    assert result["structuredContent"]["error"]["details"][0]["reason"] == "wrong_type"


@pytest.mark.parametrize("name", ["nothing", "who_am_i", "whoAmI", None, 7, {}])
async def test_unknown_tools(world, mcp, name):
    response = await mcp.send("tools/call", {"name": name}, headers={"Mcp-Name": "whoami"})
    if isinstance(name, str) or mcp.era == "handshake":
        response = await mcp.send("tools/call", {"name": name})
        assert response.json["error"]["code"] == -32602
        assert "whoami" in response.json["error"]["message"]


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        ({"tripp": "x", "date": "2026-07-16"}, "did you mean trip?"),
        ({"trip": "Cotswolds", "day": "2026-07-16"}, "did you mean date?"),
        ({"trip": "Cotswolds", "date": "16/07/2026"}, "a date as 2026-07-15"),
        ({"trip": 7, "date": "2026-07-16"}, "not a number"),
        ({"trip": "", "date": "2026-07-16"}, "must not be empty"),
        ({"trip": "Cotswolds", "date": "2026-07-16", "cursor": "x"}, "nextCursor"),
        ({"trip": None, "date": None}, "Missing required fields: trip, date"),
    ],
)
async def test_wrong_arguments_are_told_with_how_to_mend_them(world, mcp, arguments, remedy):
    refused = await mcp.call("get_day", **arguments)
    assert remedy in refused.text
    assert refused.error["requestId"].startswith("req_")


async def test_cursors_are_of_one_list(world, mcp):
    pins = [{**SAMPLES["mapPin"], "notes": "x" * 900} for _ in range(40)]
    await mcp.do("sync_trip", trip=world.trip_id, dryRun=False, mapPins=pins)
    page = await mcp.do("list_items", trip=world.trip_id, kind="mapPin")
    for tool, arguments in (("list_items", {"kind": "leg"}), ("history", {})):
        refused = await mcp.call(tool, trip=world.trip_id, cursor=page["nextCursor"], **arguments)
        assert refused.error["details"][0]["path"] == "cursor"
    other = speaker(world, (await world.person("Ann", Role.EDITOR)).key)
    arguments = {"trip": world.trip_id, "kind": "mapPin", "cursor": page["nextCursor"]}
    assert (await other.call("list_items", **arguments)).failed


def test_routes_are_told_as_tools():
    assert in_tools("GET /trips/{tripId}/export has it") == "list_items has it"
    assert in_tools("GET /api/v1/trips lists yours") == "list_trips lists yours"
    assert in_tools("only in POST /trips/{tripId}/sync)") == "only in sync_trip)"
    assert in_tools("POST /trips/{tripId}/sync?dryRun=true") == "sync_trip with dryRun"
    assert in_tools("GET /trips/{tripId}/legs/{legId}/stays lists them") == "list_items lists them"
    assert in_tools("GET /nothing here") == "GET /nothing here"
