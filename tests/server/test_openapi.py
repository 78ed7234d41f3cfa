"""The OpenAPI document: valid, whole, and true of what is sent and answered."""

import functools
import re
from typing import Any

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from domain.errors import ERRORS
from domain.message import MESSAGE
from domain.resource import Resource
from domain.resources import RESOURCES
from domain.resources.accommodation import Accommodation
from domain.resources.leg import Flight, RentalCar
from domain.trip import TRIP
from server.api.session import SignedIn
from server.openapi.document import describe
from server.route import OPEN, Transaction
from server.routes import ROUTES
from tests.server.described import (
    DOCUMENT,
    OPERATIONS,
    SCHEMAS,
    errors_in,
    parameters_of,
    responses_of,
)
from tests.streams import streaming
from tests.support import SAMPLES
from tests.support import TRIP as TRIP_SAMPLE

by_kind = pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.kind)
each_operation = pytest.mark.parametrize("at", OPERATIONS, ids=" ".join)
each_route = pytest.mark.parametrize("route", ROUTES, ids=lambda r: f"{r.method} {r.path}")


def request_schema(method: str, path: str) -> dict[str, Any]:
    content = OPERATIONS[method, path]["requestBody"]["content"]
    schema: dict[str, Any] = content["application/json"]["schema"]
    return schema


def response_schema(method: str, path: str, status: int) -> dict[str, Any]:
    content = responses_of((method, path))[str(status)]["content"]
    schema: dict[str, Any] = content["application/json"]["schema"]
    return schema


def rows(resource: Resource) -> str:
    return f"/trips/{{tripId}}{resource.path}"


def row(resource: Resource) -> str:
    return f"{rows(resource)}/{{{resource.id_param}}}"


def test_it_is_valid_openapi():
    assert DOCUMENT["openapi"].startswith("3.1")
    assert [str(error) for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []


def test_it_has_the_routes_and_no_others():
    assert set(OPERATIONS) == {(route.method, route.path) for route in ROUTES}
    assert len(OPERATIONS) == len(ROUTES)


async def test_it_is_served_to_anyone(world):
    answer = await world.as_(None).get("/openapi.json")
    assert answer.status == 200
    assert answer.json == DOCUMENT
    (server,) = DOCUMENT["servers"]
    assert server["url"] == "/api/v1"


def test_below_a_path_of_the_public_url_it_names_that():
    (server,) = describe(ROUTES, "/trips/api/v1")["servers"]
    assert server["url"] == "/trips/api/v1"


def test_operation_ids_are_unique_names():
    names = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", name) for name in names)
    assert {"me", "listTrips", "createTrip", "exportTrip", "syncTrip", "upsertLegs"} <= set(names)
    assert {"listActionItems", "createMapPin", "updateStay", "deleteCommitment"} <= set(names)


@each_operation
def test_an_operation_says_what_it_is(at):
    operation = OPERATIONS[at]
    assert operation["summary"]
    assert set(operation["tags"]) <= {tag["name"] for tag in DOCUMENT["tags"]}
    assert len(operation["tags"]) == 1


@each_operation
def test_every_parameter_is_described(at):
    parameters = parameters_of(at)
    assert all(parameter["description"] and parameter["schema"] for parameter in parameters)
    in_path = [p for p in parameters if p["in"] == "path"]
    assert [p["name"] for p in in_path] == re.findall(r"\{(\w+)\}", at[1])
    assert all(p["required"] for p in in_path)


@each_route
def test_security_and_scope_are_told(route):
    operation = OPERATIONS[route.method, route.path]
    assert (operation.get("security") == []) == (route.access in OPEN)
    if route.scope:
        assert route.scope in operation["description"]


@each_route
def test_the_responses_are_those_of_the_route(route):
    responses = responses_of((route.method, route.path))
    expected = {*route.statuses, 429, 500, 503}
    if route.access in ("key", "session"):
        # A query parameter that an operation does not know is refused.
        expected |= {400, 401}
    if route.reply is SignedIn:
        expected.add(401)
    if route.scope or route.access in ("session", "visitor", "sign-in"):
        expected.add(403)
    if "{" in route.path:
        expected.add(404)
    if "{rev}" in route.path or route.path.endswith("/changes"):
        expected.add(410)
    if route.writes:
        expected |= {400, 413, 415}
    if route.keeps_answers or (isinstance(route, Transaction) and route.conflicts):
        expected.add(409)
    if isinstance(route, Transaction) and not route.writes:
        expected.add(304)
    if route.on_trip and route.writes:
        expected.add(412)
    assert {int(status) for status in responses} == expected


@each_operation
def test_every_failure_has_the_envelope(at):
    for status, response in responses_of(at).items():
        assert response["description"]
        if int(status) >= 400:
            schema = response["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/ErrorBody"}
            codes = [error.code for error in ERRORS if error.status == int(status)]
            assert any(f"`{code}`: " in response["description"] for code in codes)


@each_operation
def test_every_response_carries_its_headers(at):
    for status, response in responses_of(at).items():
        headers = response["headers"]
        assert "X-Request-Id" in headers
        assert ("Retry-After" in headers) == (status in ("429", "503"))
        assert ("WWW-Authenticate" in headers) == (status == "401")
        assert ("Location" in headers) == (status == "202")


@by_kind
def test_every_field_is_in_every_shape(resource):
    declared = set(resource.fields)
    name = resource.struct.__name__
    for shape in ("", "Create", "Patch", "Upsert", "SyncItem"):
        assert declared <= set(SCHEMAS[f"{name}{shape}"]["properties"]), shape


@pytest.mark.parametrize("struct", [Accommodation, Flight, RentalCar])
def test_open_objects_are_whole_and_open(struct):
    for shape in (struct.__name__, f"{struct.__name__}Input"):
        assert set(SCHEMAS[shape]["properties"]) == set(struct.__struct_encode_fields__)
        assert SCHEMAS[shape]["additionalProperties"] is True


@by_kind
def test_a_create_requires_what_the_declaration_does(resource):
    schema = SCHEMAS[f"{resource.struct.__name__}Create"]
    required = [f.encode_name for f in msgspec.structs.fields(resource.struct) if f.required]
    assert schema["required"] == required
    assert not SCHEMAS[f"{resource.struct.__name__}Patch"].get("required")


@by_kind
def test_samples_are_right_requests(resource):
    sample = SAMPLES[resource.kind]
    create = request_schema("POST", rows(resource))
    assert errors_in(sample, create) == []
    nulls = {name: None for name in resource.fields if name not in sample}
    assert errors_in({**sample, **nulls}, create) == []
    assert errors_in({**sample, "unheardOf": 1}, create)
    assert errors_in(next(iter(sample)), create)
    for name in sample:
        assert errors_in({n: v for n, v in sample.items() if n != name}, create)
        assert errors_in({**sample, name: None}, create)
        assert errors_in({name: sample[name]}, request_schema("PATCH", row(resource))) == []
    batch = request_schema("POST", f"{rows(resource)}:batch")
    assert errors_in({"items": [sample]}, batch) == []
    assert errors_in({"items": []}, batch)
    assert errors_in({"items": [sample] * 51}, batch)


def test_the_other_samples_are_right_requests():
    create = functools.partial(errors_in, schema=request_schema("POST", "/trips"))
    assert create({"groupId": "abc", **TRIP_SAMPLE}) == []
    assert create(TRIP_SAMPLE)
    messages = "/trips/{tripId}/channels/{channelId}/messages"
    assert errors_in({"content": "Hello"}, request_schema("POST", messages)) == []
    assert set(MESSAGE.fields) <= set(SCHEMAS["MessageCreate"]["properties"])
    assert set(TRIP.fields) <= set(SCHEMAS["TripCreate"]["properties"])


@by_kind
async def test_answers_are_as_described_and_can_be_sent_back(world, resource):
    leg = await world.make("/legs", SAMPLES["leg"])
    path = resource.path.format(legId=leg["_id"])
    document = await world.make(path, SAMPLES[resource.kind])
    assert errors_in(document, response_schema("POST", rows(resource), 201)) == []
    assert errors_in(document, request_schema("POST", rows(resource))) == []
    assert errors_in(document, request_schema("PATCH", row(resource))) == []
    page = (await world.client.get(f"{world.trip}{path}")).json
    assert errors_in(page, response_schema("GET", rows(resource), 200)) == []
    batch = (await world.client.post(f"{world.trip}{path}:batch", {"items": [{}]})).json
    assert errors_in(batch, response_schema("POST", f"{rows(resource)}:batch", 207)) == []


async def test_whole_trips_are_as_described_and_can_be_sent_back(world):
    leg = await world.make("/legs", SAMPLES["leg"])
    for resource in RESOURCES:
        await world.make(resource.path.format(legId=leg["_id"]), SAMPLES[resource.kind])
    export = (await world.client.get(f"{world.trip}/export")).json
    assert errors_in(export, response_schema("GET", "/trips/{tripId}/export", 200)) == []
    assert errors_in(export, request_schema("POST", "/trips/{tripId}/sync")) == []
    again = (await world.client.post(f"{world.trip}/sync", export)).json
    assert errors_in(again, response_schema("POST", "/trips/{tripId}/sync", 200)) == []
    token = (await world.client.post(f"{world.trip}/share-token")).json["token"]
    for end in ("", "/export"):
        shared = (await world.as_(None).get(f"/shared/trips/{token}{end}")).json
        path = f"/shared/trips/{{token}}{end}"
        assert errors_in(shared, response_schema("GET", path, 200)) == []


async def test_errors_are_as_described(world):
    refused = await world.client.post(f"{world.trip}/legs", {"title": 1, "unheardOf": 1})
    assert refused.status == 400
    assert errors_in(refused.json, response_schema("POST", "/trips/{tripId}/legs", 400)) == []
    wrong = {"error": {"code": "X", "message": "", "requestId": "", "details": [{"path": "a"}]}}
    assert errors_in(wrong, response_schema("POST", "/trips/{tripId}/legs", 400))


async def test_jobs_are_as_described(world):
    queued = await world.client.post(
        f"{world.trip}/sync", {"legs": []}, headers={"Prefer": "respond-async"}
    )
    assert errors_in(queued.json, response_schema("POST", "/trips/{tripId}/sync", 202)) == []
    job = await world.client.get(f"/jobs/{queued.json['_id']}")
    assert errors_in(job.json, response_schema("GET", "/jobs/{jobId}", 200)) == []


async def test_event_streams_are_as_described(world):
    operation = OPERATIONS["GET", "/trips/{tripId}/events"]
    for word in ("hello", "change", "reset", "more", "Last-Event-ID", "comment"):
        assert word in operation["description"]
    parameters = parameters_of(("GET", "/trips/{tripId}/events"))
    assert "default" not in parameters[1]["schema"]
    assert {p["name"]: p["in"] for p in parameters} == {
        "tripId": "path",
        "since": "query",
        "Last-Event-ID": "header",
    }
    ((media_type, content),) = operation["responses"]["200"]["content"].items()
    assert media_type == "text/event-stream"
    async with streaming(world.client, world.trip, "?since=0") as stream:
        await world.client.post(f"{world.trip}/sync", {"mapPins": [SAMPLES["mapPin"]] * 101})
        _, small, large = await stream.take(3)
    for event in (small, large):
        assert errors_in(event.data, content["schema"]["contentSchema"]) == []
    assert errors_in({"rev": "1"}, content["schema"]["contentSchema"])


def test_no_shape_is_there_for_nothing():
    text = msgspec.json.encode(DOCUMENT).decode()
    used = set(re.findall(r'"#/components/schemas/(\w+)"', text))
    assert used == set(SCHEMAS)
