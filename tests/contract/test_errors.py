"""Contract section 2: the envelope, every code, every reason, what messages say."""

import msgspec
import pytest

from domain.errors import Unavailable
from storage import changes, items, trips
from tests.contract.kinds import BY_NAME, KINDS, NAMES, channel_path, listed, rows_path
from tests.support import SAMPLES, TRIP, add_key, told

LEG, PIN, COMMITMENT = SAMPLES["leg"], SAMPLES["mapPin"], SAMPLES["commitment"]
NOBODY = "0" * 26
MAX_BODY = 200_000


@pytest.fixture
def settings(settings):
    http = msgspec.structs.replace(settings.http, max_body_bytes=MAX_BODY)
    return msgspec.structs.replace(settings, http=http)


def check_envelope(response, status, code):
    """The shape every failure has."""
    assert (response.status, response.code) == (status, code)
    assert set(response.json) == {"error"}
    error = response.json["error"]
    assert set(error) - {"details"} == {"code", "message", "requestId"}
    assert error["message"]
    assert error["requestId"] == response.headers["X-Request-Id"]
    assert response.headers["Content-Type"].startswith("application/json")
    for detail in error.get("details", []):
        assert set(detail) == {"path", "reason", "message"}


# Every row of the table.


async def test_what_is_wrong_with_a_request_is_400_validation_error(world):
    refused = await world.client.post(f"{world.trip}/legs", {})
    check_envelope(refused, 400, "VALIDATION_ERROR")
    check_envelope(await world.client.get("/trips?limit=0"), 400, "VALIDATION_ERROR")


async def test_no_valid_key_is_401_unauthorized_with_a_challenge(world):
    for client in (world.as_(None), world.as_("osk_" + "x" * 43)):
        refused = await client.get("/me")
        check_envelope(refused, 401, "UNAUTHORIZED")
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_missing_right_is_403_forbidden(world):
    client = world.as_(await add_key(world.store, world.owner.user_id, "messages:read"))
    check_envelope(await client.get(world.trip), 403, "FORBIDDEN")


async def test_what_does_not_exist_is_404_not_found(world):
    for path in (f"/trips/{NOBODY}", "/nowhere", f"/jobs/{NOBODY}", f"/shared/trips/{NOBODY}"):
        check_envelope(await world.client.get(path), 404, "NOT_FOUND")
    missing = await world.client.delete(f"{world.trip}/legs/{NOBODY}")
    check_envelope(missing, 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/trips", {"GET", "POST"}),
        ("PUT", "/me", {"GET", "PATCH", "DELETE"}),
        ("GET", "{trip}/sync", {"POST"}),
        ("POST", "{trip}", {"GET", "PATCH", "DELETE"}),
        ("GET", "{trip}/legs/x", {"PATCH", "DELETE"}),
        ("GET", "{trip}/legs:batch", {"POST"}),
        ("PATCH", "{trip}/share-token", {"POST", "DELETE"}),
        ("POST", "/shared/trips/x", {"GET"}),
    ],
)
async def test_a_wrong_method_is_405_with_the_methods_allowed(world, method, path, allowed):
    refused = await world.client.send(method, path.format(trip=world.trip))
    check_envelope(refused, 405, "METHOD_NOT_ALLOWED")
    assert {name.strip() for name in refused.headers["Allow"].split(",")} - {"HEAD"} == allowed


async def test_an_idempotency_key_on_another_request_is_409(world):
    headers = {"Idempotency-Key": "k"}
    await world.client.post(f"{world.trip}/legs", LEG, headers=headers)
    refused = await world.client.post(f"{world.trip}/map-pins", PIN, headers=headers)
    check_envelope(refused, 409, "IDEMPOTENCY_CONFLICT")


async def test_a_condition_that_does_not_hold_is_412(world):
    leg = await world.make("/legs", LEG)
    stale = {"If-Match": '"another"'}
    for path in (world.trip, f"{world.trip}/legs/{leg['_id']}"):
        for refused in (
            await world.client.patch(path, {"title": "New"}, headers=stale),
            await world.client.delete(path, headers=stale),
        ):
            check_envelope(refused, 412, "PRECONDITION_FAILED")
    assert await listed(world, f"{world.trip}/legs") == [leg]


async def test_a_body_too_large_is_413(world):
    large = b'{"title":"' + b"x" * MAX_BODY + b'"}'
    check_envelope(await world.client.patch(world.trip, data=large), 413, "PAYLOAD_TOO_LARGE")


async def test_a_body_of_another_media_type_is_415(world):
    refused = await world.client.patch(world.trip, data=b"x", headers={"Content-Type": "text/xml"})
    check_envelope(refused, 415, "UNSUPPORTED_MEDIA_TYPE")


async def test_too_many_requests_are_429_with_the_seconds_to_wait(world):
    client = world.as_(await add_key(world.store, world.owner.user_id, rate_limit=1))
    assert (await client.get("/me")).status == 200
    refused = await client.get("/me")
    check_envelope(refused, 429, "RATE_LIMITED")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60


@pytest.mark.parametrize(
    ("module", "name", "method", "path", "body"),
    [
        (trips, "get", "GET", "{trip}", None),
        (changes, "commit_new_trip", "POST", "/trips", {**TRIP, "groupId": "{group}"}),
        (changes, "commit_new_row", "POST", "{trip}/legs", LEG),
        (changes, "commit", "PATCH", "{trip}/legs/{leg}", {"title": "Other"}),
        (changes, "_delete", "DELETE", "{trip}/legs/{leg}", None),
        (items, "page", "GET", "{trip}/legs", None),
    ],
)
async def test_a_bug_is_500_and_shows_nothing_of_itself(
    world, monkeypatch, module, name, method, path, body
):
    leg = await world.make("/legs", LEG)

    async def crash(*_args, **_kwargs):
        raise RuntimeError("secret internals at line 7")

    with monkeypatch.context() as patched:
        patched.setattr(module, name, crash)
        if body and "groupId" in body:
            body = {**body, "groupId": world.group_id}
        failed = await world.client.send(method, path.format(trip=world.trip, leg=leg["_id"]), body)
    check_envelope(failed, 500, "INTERNAL")
    assert "details" not in failed.json["error"]
    for word in (b"secret", b"RuntimeError", b"Traceback", b"line 7", b".py"):
        assert word not in failed.raw
    # The server goes on, and the failed write left nothing behind.
    assert await listed(world, f"{world.trip}/legs") == [leg]
    assert len(await listed(world, "/trips")) == 1


async def test_storage_that_cannot_be_reached_is_503_with_retry_after(world, monkeypatch):
    async def unreachable(*_arguments):
        raise Unavailable()

    for verb, method, path in (
        ("read", "GET", "/trips"),
        ("read_trip", "GET", world.trip),
        ("write", "DELETE", world.trip),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(world.store, verb, unreachable)
            failed = await world.client.send(method, path)
        check_envelope(failed, 503, "UNAVAILABLE")
        assert int(failed.headers["Retry-After"]) >= 1
    assert (await world.client.get(world.trip)).json["status"] == "draft"


async def test_unknown_routes_and_wrong_methods_below_api_are_json_errors_too(world):
    for path in ("/api", "/api/", "/api/v2/trips", "/api/v1"):
        refused = await world.client.get(f"{world.running.base}{path}")
        check_envelope(refused, 404, "NOT_FOUND")
        refused = await world.as_(None).get(f"{world.running.base}{path}")
        check_envelope(refused, 401, "UNAUTHORIZED")


# Messages.


async def test_missing_fields_read_as_on_the_reference_page(world):
    body = {"groupId": world.group_id, "endDate": "2026-07-22"}
    refused = await world.client.post("/trips", body)
    assert refused.json["error"]["message"] == "Missing required fields: title, startDate"
    assert refused.details == [("title", "required"), ("startDate", "required")]


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
async def test_all_missing_fields_are_told_in_the_order_of_the_contract(world, kind):
    refused = await world.client.post(await rows_path(world, kind), {})
    assert refused.details == [(name, "required") for name in kind.required]
    expected = f"Missing required fields: {', '.join(kind.required)}"
    assert refused.json["error"]["message"] == expected


async def test_a_missing_message_content_is_told_likewise(world):
    refused = await world.client.post(await channel_path(world), {})
    assert refused.json["error"]["message"] == "Missing required fields: content"


# Details.


async def test_details_list_all_that_is_wrong(world):
    refused = await world.client.post(
        f"{world.trip}/legs",
        {
            "order": -1,
            "destination": 7,
            "startDate": "2026-07-32",
            "endDate": None,
            "timezone": "Nowhere",
            "flights": [{"departureTime": "noon", "seat": []}, {"arrivalTime": 5}],
            "accommodation": {"lat": 100, "lng": "x"},
            "clientRef": "",
            "colour": "red",
        },
    )
    assert refused.status == 400
    assert sorted(refused.details) == [
        ("accommodation.lat", "out_of_range"),
        ("accommodation.lng", "wrong_type"),
        ("clientRef", "empty"),
        ("colour", "unknown_field"),
        ("destination", "wrong_type"),
        ("endDate", "required"),
        ("flights[0].departureTime", "malformed"),
        ("flights[0].seat", "wrong_type"),
        ("flights[1].arrivalTime", "wrong_type"),
        ("order", "out_of_range"),
        ("startDate", "malformed"),
        ("timezone", "malformed"),
        ("title", "required"),
    ]


async def test_links_that_lead_nowhere_are_listed_beside_all_else(world):
    refused = await world.client.post(
        f"{world.trip}/commitments",
        {"title": "", "startDate": "x", "legId": NOBODY, "mapPinId": NOBODY, "notes": 1},
    )
    assert sorted(refused.details) == [
        ("category", "required"),
        ("legId", "not_found"),
        ("mapPinId", "not_found"),
        ("notes", "wrong_type"),
        ("startDate", "malformed"),
        ("title", "empty"),
    ]


async def test_trips_too_list_all_that_is_wrong(world):
    body = {"title": "t" * 201, "endDate": "soon", "status": "lost", "extra": 1}
    refused = await world.client.post("/trips", body)
    assert sorted(refused.details) == [
        ("endDate", "malformed"),
        ("extra", "unknown_field"),
        ("groupId", "required"),
        ("startDate", "required"),
        ("status", "not_allowed"),
        ("title", "too_long"),
    ]
    body = {"groupId": "another", "title": None, "endDate": "2026-01-01", "extra": 1}
    refused = await world.client.patch(world.trip, body)
    assert sorted(refused.details) == [
        ("endDate", "out_of_range"),
        ("extra", "unknown_field"),
        ("groupId", "not_allowed"),
        ("title", "required"),
    ]


async def test_in_a_batch_paths_are_relative_to_the_item(world):
    bad = {**LEG, "flights": [{}, {"departureTime": "noon"}]}
    answer = await world.client.post(f"{world.trip}/legs:batch", {"items": [LEG, bad]})
    error = answer.json["results"][1]["error"]
    assert error["code"] == "VALIDATION_ERROR"
    assert told(error) == [("flights[1].departureTime", "malformed")]


REASONS = [
    ("leg", {"title": ...}, "title", "required"),
    ("leg", {"title": None}, "title", "required"),
    ("leg", {"title": 5}, "title", "wrong_type"),
    ("leg", {"order": "1"}, "order", "wrong_type"),
    ("leg", {"order": True}, "order", "wrong_type"),
    ("leg", {"startDate": 20260715}, "startDate", "wrong_type"),
    ("leg", {"timezone": 1}, "timezone", "wrong_type"),
    ("leg", {"flights": {}}, "flights", "wrong_type"),
    ("leg", {"accommodation": []}, "accommodation", "wrong_type"),
    ("leg", {"rentalCar": "Aqua"}, "rentalCar", "wrong_type"),
    ("actionItem", {"urgency": 1}, "urgency", "wrong_type"),
    ("actionItem", {"isCompleted": "yes"}, "isCompleted", "wrong_type"),
    ("actionItem", {"isCompleted": 1}, "isCompleted", "wrong_type"),
    ("commitment", {"category": []}, "category", "wrong_type"),
    ("commitment", {"legId": 1}, "legId", "wrong_type"),
    ("leg", {"startDate": "15.7.2026"}, "startDate", "malformed"),
    ("leg", {"timezone": "Mars/Phobos"}, "timezone", "malformed"),
    ("commitment", {"startTime": "7pm"}, "startTime", "malformed"),
    ("actionItem", {"urgency": "later"}, "urgency", "not_allowed"),
    ("commitment", {"category": "Dinner"}, "category", "not_allowed"),
    ("leg", {"order": -0.5}, "order", "out_of_range"),
    ("leg", {"endDate": "2026-07-14"}, "endDate", "out_of_range"),
    ("mapPin", {"lat": 90.001}, "lat", "out_of_range"),
    ("mapPin", {"lng": -180.5}, "lng", "out_of_range"),
    ("mapPin", {"name": "n" * 201}, "name", "too_long"),
    ("mapPin", {"clientRef": "r" * 256}, "clientRef", "too_long"),
    ("mapPin", {"notes": "n" * 10_001}, "notes", "too_long"),
    ("leg", {"accommodation": {"extra": "x" * 66_000}}, "", "too_long"),
    ("mapPin", {"clientRef": ""}, "clientRef", "empty"),
    ("mapPin", {"colour": "red"}, "colour", "unknown_field"),
    ("actionItem", {"owner": NOBODY}, "owner", "not_found"),
    ("commitment", {"legId": NOBODY}, "legId", "not_found"),
    ("commitment", {"mapPinId": ""}, "mapPinId", "not_found"),
]


@pytest.mark.parametrize(
    ("kind", "change", "path", "reason"),
    REASONS,
    ids=[f"{kind}-{path}-{reason}-{n}" for n, (kind, _, path, reason) in enumerate(REASONS)],
)
async def test_each_reason_is_given_for_its_cause(world, kind, change, path, reason):
    body = {k: v for k, v in (SAMPLES[kind] | change).items() if v is not ...}
    collection = f"{world.trip}{BY_NAME[kind].path}"
    refused = await world.client.post(collection, body)
    check_envelope(refused, 400, "VALIDATION_ERROR")
    assert refused.details == [(path, reason)]
    assert await listed(world, collection) == []


async def test_json_itself_can_be_malformed(world):
    for data in (b"", b"{", b"{'a': 1}", b'{"title": "x"} x', b"\xff\xfe", b"NaN"):
        refused = await world.client.patch(world.trip, data=data)
        check_envelope(refused, 400, "VALIDATION_ERROR")
        assert refused.details == [("", "malformed")]


async def test_a_body_that_is_no_object_is_of_the_wrong_type(world):
    for method, path in (("POST", "/trips"), ("PATCH", world.trip), ("POST", f"{world.trip}/legs")):
        for body in (["text"], "text", 5):
            refused = await world.client.send(method, path, body)
            check_envelope(refused, 400, "VALIDATION_ERROR")
            assert refused.details == [("", "wrong_type")]


async def test_a_client_ref_moved_onto_another_rows_is_duplicate(world):
    await world.make("/map-pins", {**PIN, "clientRef": "a"})
    second = await world.make("/map-pins", {**PIN, "clientRef": "b"})
    refused = await world.client.patch(f"{world.trip}/map-pins/{second['_id']}", {"clientRef": "a"})
    check_envelope(refused, 400, "VALIDATION_ERROR")
    assert refused.details == [("clientRef", "duplicate")]


REQUIRED_STRINGS = [
    (kind.name, name)
    for kind in KINDS
    for name in kind.required
    if isinstance(SAMPLES[kind.name][name], str)
]


@pytest.mark.parametrize(("kind", "name"), REQUIRED_STRINGS)
async def test_an_empty_required_string_is_empty(world, kind, name):
    path = await rows_path(world, BY_NAME[kind])
    refused = await world.client.post(path, {**SAMPLES[kind], name: ""})
    assert (refused.status, refused.details) == (400, [(name, "empty")])


@pytest.mark.parametrize("name", ["groupId", "title", "startDate", "endDate"])
async def test_an_empty_required_string_of_a_trip_is_empty(world, name):
    refused = await world.client.post("/trips", {"groupId": world.group_id, **TRIP, name: ""})
    assert (refused.status, refused.code) == (400, "VALIDATION_ERROR")
    assert refused.details == [(name, "empty")]


async def test_an_empty_message_is_empty(world):
    refused = await world.client.post(await channel_path(world), {"content": ""})
    assert (refused.status, refused.details) == (400, [("content", "empty")])
