"""Every field of every resource with values of the wrong types, made from the declarations."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from msgspec import inspect as types

from domain.message import MESSAGE
from domain.resource import Resource
from domain.resources import RESOURCES
from domain.shape import bare, bounds_of
from domain.trip import TRIP
from tests.contract.wire import check_envelope
from tests.properties.generate import smallest
from tests.support import SAMPLES, World
from tests.support import TRIP as TRIP_SAMPLE

Wrong = tuple[dict[str, Any], str, str]
"""A field with a value, the path of what is wrong with it, and why."""

NUMBERS = [0, 1, 1.5, -1]
OTHERS: list[Any] = [True, [], {}, [1], {"a": 1}]

by_kind = pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.kind)


def wrong_fields(struct: type[msgspec.Struct]) -> Iterator[Wrong]:
    info = types.type_info(struct)
    assert isinstance(info, types.StructType)
    for field in info.fields:
        name = field.encode_name
        for value, path, reason in wrong_values(field.type):
            # Of a required string, whatever is its form, it is told that it is empty.
            empty = field.required and value == "" and reason != "wrong_type"
            yield {name: value}, f"{name}{path}", "empty" if empty else reason
        if field.required:
            yield {name: None}, name, "required"


def wrong_values(kind: types.Type) -> Iterator[tuple[Any, str, str]]:
    """Values that are not of a type, each with the place within it that is wrong, and why."""
    kind = bare(kind)
    texts, lists, objects = ["text", ""], [[], [1]], [{}, {"a": 1}]
    accepted: list[Any]
    match kind:
        case types.StructType(cls=cls):
            accepted = objects
            for value, path, reason in wrong_fields(cls):
                yield value, f".{path}", reason
        case types.ListType(item_type=item):
            accepted = lists
            for value, path, reason in wrong_values(item):
                yield [smallest(item), value], f"[1]{path}", reason
        case types.FloatType() | types.IntType():
            whole = isinstance(kind, types.IntType)
            accepted = [number for number in NUMBERS if not whole or isinstance(number, int)]
            bounds, step = bounds_of(kind), 1 if whole else 0.1
            ends = [(bounds.ge, -step), (bounds.le, step), (bounds.gt, 0), (bounds.lt, 0)]
            for beyond in [end + further for end, further in ends if end is not None]:
                yield beyond, "", "out_of_range"
        case types.BoolType():
            accepted = [True]
        case types.StrType():
            accepted = texts
            yield from ((value, "", reason) for value, reason in wrong_texts(kind))
        case types.LiteralType():
            accepted = texts
            yield from ((text, "", "not_allowed") for text in texts)
        case types.DateType() | types.CustomType():
            accepted = texts
            yield from ((text, "", "malformed") for text in texts)
        case _:
            raise AssertionError(f"{kind}: say here what is wrong for it")
    for value in [*texts, *NUMBERS, *lists, *objects, *OTHERS]:
        if not any(value == other and type(value) is type(other) for other in accepted):
            yield value, "", "wrong_type"


def wrong_texts(kind: types.StrType) -> Iterator[tuple[str, str]]:
    if kind.min_length:
        yield "", "empty"
    if kind.pattern is not None:
        yield from (("text", "malformed"), ("", "malformed"), ("x" * 500, "malformed"))
    elif kind.max_length is not None:
        yield "x" * (kind.max_length + 1), "too_long"


def sample_of(resource: Resource, world: World) -> dict[str, Any]:
    if resource is TRIP:
        return {"groupId": world.group_id, **TRIP_SAMPLE}
    if resource is MESSAGE:
        return {"content": "Hello"}
    return dict(SAMPLES[resource.kind])


async def targets(resource: Resource, world: World) -> tuple[str, str]:
    """Where a row of the resource is created, and one that can be changed ("" where none can)."""
    if resource is TRIP:
        return "/trips", world.trip
    if resource is MESSAGE:
        channel = (await world.client.get(f"{world.trip}/channels")).json["items"][0]["_id"]
        return f"{world.trip}/channels/{channel}/messages", ""
    leg = await world.make("/legs", SAMPLES["leg"])
    rows = resource.path.format(legId=leg["_id"])
    row = await world.make(rows, SAMPLES[resource.kind])
    return f"{world.trip}{rows}", f"{world.trip}{rows}/{row['_id']}"


@pytest.mark.parametrize(
    "resource", [TRIP, *RESOURCES, MESSAGE], ids=lambda resource: resource.kind
)
async def test_a_wrong_value_is_told_alone_and_changes_nothing(world, resource):
    rows, row = await targets(resource, world)
    sample = sample_of(resource, world)
    before = (await world.client.get(f"{world.trip}/export")).json
    count = 0
    for wrong, path, reason in wrong_fields(resource.struct):
        count += 1
        answer = await world.client.post(rows, {**sample, **wrong})
        assert answer.status == 400, (wrong, answer.raw)
        check_envelope(answer, 400, "VALIDATION_ERROR", (path, reason))
        if row:
            answer = await world.client.patch(row, wrong)
            assert answer.status == 400, (wrong, answer.raw)
            if wrong == {"groupId": ""}:
                reason = "not_allowed"  # as is any group but the trip's own
            check_envelope(answer, 400, "VALIDATION_ERROR", (path, reason))
    assert count > 5 * len(resource.fields)
    assert (await world.client.get(f"{world.trip}/export")).json == before


@by_kind
async def test_in_a_sync_every_wrong_item_is_told(world, resource):
    leg = await world.make("/legs", SAMPLES["leg"])
    parent = {"legId": leg["_id"]} if resource.parent else {}
    wrongs = list(wrong_fields(resource.struct))
    items = [{**SAMPLES[resource.kind], **parent, **wrong} for wrong, _, _ in wrongs]
    answer = await world.client.post(f"{world.trip}/sync", {resource.snapshot: items})
    outcome = answer.json[resource.snapshot]
    assert (answer.status, outcome["errors"]) == (207, len(items))
    for (_, path, reason), result in zip(wrongs, outcome["items"], strict=True):
        assert result["error"]["code"] == "VALIDATION_ERROR"
        (detail,) = result["error"]["details"]
        assert (detail["path"], detail["reason"]) == (path, reason)


@by_kind
async def test_all_fields_wrong_at_once_are_all_told(world, resource):
    rows, row = await targets(resource, world)
    wrong: dict[str, Any] = {name: {"a": [None]} for name in resource.fields}
    wrong |= {name: 1 for name in ("accommodation", "flights", "rentalCar") if name in wrong}
    told = [(name, "wrong_type") for name in wrong]
    for method, path in (("POST", rows), ("PATCH", row)):
        answer = await world.client.send(method, path, wrong)
        check_envelope(answer, 400, "VALIDATION_ERROR")
        assert answer.details == told
    batch = await world.client.post(f"{rows}:batch", {"items": [wrong] * 50})
    assert batch.json["errors"] == 50
    for result in batch.json["results"]:
        details = result["error"]["details"]
        assert [(detail["path"], detail["reason"]) for detail in details] == told
