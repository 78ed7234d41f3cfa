"""The description as generators and people need it: types, names, examples, plain words."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from domain.errors import ERRORS, REASONS
from domain.resources import RESOURCES
from domain.scopes import Role
from server.routes import ROUTES
from tests.server.described import (
    DOCUMENT,
    OPERATIONS,
    SCHEMAS,
    errors_in,
    parameters_of,
    responses_of,
)

each_operation = pytest.mark.parametrize("at", OPERATIONS, ids=" ".join)
by_kind = pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.kind)

ANYTHING = {("FieldChange", "from"), ("FieldChange", "to"), ("FileReject", "row")}
"""Schemas that say nothing of a value: it is of any field, or of a file."""


def properties() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every property of every schema."""
    for name, schema in SCHEMAS.items():
        for field, value in schema.get("properties", {}).items():
            yield name, field, value


def texts(value: Any, at: str = "") -> Iterator[str]:
    """Whatever the document says in words."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in ("description", "summary") and isinstance(inner, str):
                yield inner
            else:
                yield from texts(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner, at)


def contents(at: tuple[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The bodies of an operation's request and responses, each with its media type."""
    body = OPERATIONS[at].get("requestBody", {"content": {}})
    for holder in (body, *responses_of(at).values()):
        yield from holder.get("content", {}).items()


def test_every_property_has_a_type():
    untyped = {
        (name, field)
        for name, field, value in properties()
        if not {"type", "$ref", "anyOf"} & value.keys()
    }
    assert untyped == ANYTHING


def test_an_enumeration_is_a_schema_of_its_own_with_a_type():
    listed = [schema for schema in SCHEMAS.values() if "enum" in schema]
    assert len(listed) > 10
    assert all(schema["type"] == "string" for schema in listed)
    assert not [at for at in properties() if "enum" in at[2]]
    assert SCHEMAS["ErrorCode"]["enum"] == [error.code for error in ERRORS]
    assert SCHEMAS["ErrorReason"]["enum"] == list(REASONS)
    assert SCHEMAS["Role"]["enum"] == list(Role)


def test_moments_are_said_to_be_such():
    moments = {
        (name, field): value.get("format")
        for name, field, value in properties()
        if field == "at" or field.endswith("At")
    }
    # A last day will do there, too.
    assert moments.pop(("ApiKeyCreate", "expiresAt")) is None
    assert set(moments.values()) == {"date-time"}


@by_kind
def test_what_only_the_server_sets_has_its_type_and_is_read_only(resource):
    name = resource.struct.__name__
    document = SCHEMAS[name]["properties"]
    assert set(document) - set(resource.fields) <= set(SCHEMAS[f"{name}Create"]["properties"])
    for shape in ("Create", "Patch", "Upsert"):
        for field, value in SCHEMAS[f"{name}{shape}"]["properties"].items():
            ignored = field not in resource.fields
            assert value.get("readOnly", False) == ignored
            if ignored:
                assert value == {**document[field], "readOnly": True}


@by_kind
def test_what_merges_requires_nothing(resource):
    for shape in ("Upsert", "SyncItem"):
        schema = SCHEMAS[f"{resource.struct.__name__}{shape}"]
        assert not schema.get("required")
        for field in SCHEMAS[f"{resource.struct.__name__}Create"]["required"]:
            assert field in schema["description"]
            assert errors_in({field: None}, schema)


def test_what_is_always_there_is_required():
    assert "status" in SCHEMAS["Trip"]["required"]
    assert {"legs", "stays", "members", "rev"} <= set(SCHEMAS["Export"]["required"])
    for name, schema in SCHEMAS.items():
        if name.endswith("Page"):
            assert {"items", "nextCursor"} <= set(schema["required"])


@pytest.mark.parametrize(
    ("path", "default", "most"),
    [
        ("/trips", 100, 200),
        ("/trips/{tripId}/channels/{channelId}/messages", 50, 100),
        ("/trips/{tripId}/changes", 200, 1_000),
    ],
)
async def test_pages_are_as_large_as_is_said(path, default, most):
    (limit,) = [p["schema"] for p in parameters_of(("GET", path)) if p["name"] == "limit"]
    assert limit == {"type": "integer", "minimum": 1, "maximum": most, "default": default}


def test_what_operations_share_is_told_once():
    for section in ("responses", "parameters"):
        shared = DOCUMENT["components"][section]
        told = [msgspec.json.encode(value) for value in shared.values()]
        assert len({*told}) == len(told)
    assert len(DOCUMENT["components"]["responses"]) < 30
    for operation in OPERATIONS.values():
        assert all("$ref" in parameter for parameter in operation.get("parameters", ()))
        assert all("$ref" in r for s, r in operation["responses"].items() if int(s) >= 400)


@each_operation
def test_every_body_has_an_example_that_its_schema_takes(at):
    bodies = list(contents(at))
    assert len(bodies) >= 4
    for _, content in bodies:
        assert errors_in(content["example"], content["schema"]) == []


@each_operation
def test_a_response_of_success_is_described(at):
    (route,) = [each for each in ROUTES if (each.method, each.path) == at]
    for status in route.statuses:
        content = responses_of(at)[str(status)].get("content")
        assert (content is None) == (route.reply is None)
        if status != 202 and content is not None:
            assert [*content] == [route.media_type]


def test_an_example_tells_of_the_resource_it_is_of():
    batches = {
        path: content["example"]["results"][0]
        for (method, path), operation in OPERATIONS.items()
        if path.endswith(":batch")
        for content in operation["responses"]["200"]["content"].values()
    }
    assert len({result["_id"] for result in batches.values()}) == len(RESOURCES)
    for path, result in batches.items():
        body = OPERATIONS["POST", path]["requestBody"]["content"]["application/json"]["example"]
        assert result["clientRef"] == body["items"][0]["clientRef"]


def test_a_shared_example_has_nothing_private():
    shared = [value for at in OPERATIONS if at[1].startswith("/shared/") for value in contents(at)]
    text = msgspec.json.encode(shared).decode()
    for private in ("confirmationNumber", "email", "clientRef", "notes", "seat"):
        assert private not in text


def test_words_are_for_those_who_call():
    said = list(texts(DOCUMENT))
    assert len(said) > 200
    for text in said:
        assert not re.search(r"contract|section \d+(?! asks)|`domain\.|\bstruct\b", text), text
        assert text == text.strip()


@each_operation
def test_an_operation_says_what_is_special(at):
    operation = OPERATIONS[at]
    assert operation["description"].endswith(".")
    assert operation["summary"] not in operation["description"]


def test_every_tag_says_what_it_is_about():
    assert all(tag["description"].endswith(".") for tag in DOCUMENT["tags"])


def test_names_are_those_of_things():
    assert {"Trip", "Leg", "LegCreate", "LegPatch", "LegUpsert", "LegSyncItem", "LegPage"} <= set(
        SCHEMAS
    )
    assert {"Webhook", "Delivery", "Changeset", "SharedTrip", "Role", "TripStatus"} <= set(SCHEMAS)
    assert not [name for name in SCHEMAS if re.search("Document|^Safe|^Hook", name)]
