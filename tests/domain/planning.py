"""Plans and stored rows, for tests."""

import itertools
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import pytest

from domain import json_body, plain
from domain.errors import ValidationFailed
from domain.plan import ItemResult, Needs, Plan, Put, apply_items
from domain.resource import Resource
from domain.row import Row
from tests.support import SAMPLES

_canonical = msgspec.json.Encoder(order="deterministic")

THEN, NOW = "2026-07-01T00:00:00.000Z", "2026-07-02T00:00:00.000Z"


def new_plan(*rows: Row, dry_run: bool = False) -> Plan:
    """A plan that is given these rows, and gives new ones the ids `new1`, `new2`, ..."""
    numbers = itertools.count(1)
    plan = Plan("trip", now=NOW, new_id=lambda: f"new{next(numbers)}", dry_run=dry_run)
    plan.add_stored(rows)
    return plan


def stored(resource: Resource, row_id: str, parent_id: str = "", **change: Any) -> Row:
    """A row as it was stored once, made of the resource's sample."""
    fields, wrong = resource.merge({}, {**SAMPLES[resource.kind], **change})
    assert not wrong
    json = resource.compose(
        fields, None, row_id=row_id, trip_id="trip", parent_id=parent_id, now=THEN
    )
    sort_key = resource.sort_key(fields)
    return Row(resource.kind, row_id, parent_id, json, sort_key, client_ref=fields.get("clientRef"))


def body(resource: Resource, **change: Any) -> dict[str, Any]:
    return {**SAMPLES[resource.kind], **change}


def refusal(put: Any, *arguments: Any) -> list[tuple[str, str]]:
    """What is wrong with an item, as `(path, reason)`."""
    with pytest.raises(ValidationFailed) as caught:
        put(*arguments)
    return [(detail.path, detail.reason) for detail in caught.value.details]


def applied(plan: Plan, items: Iterable[Any], put: Put) -> list[ItemResult]:
    """The results of all items; what was created is to be written."""
    results = apply_items(plan, items, put)
    created = [result for result in results if result.status == "created"]
    assert {row.id for row in plan.changes.created} == plan.inserted.keys()
    assert len(plan.inserted) == len(created)
    return results


def rekeyed(plan: Plan) -> set[str]:
    """The ids of the stored rows whose parent or clientRef changes."""
    changes = plan.changes
    return {
        row.id
        for row in changes.updated
        if (row.parent_id, row.client_ref)
        != (changes.before[row.id].parent_id, changes.before[row.id].client_ref)
    }


Decode = Callable[[Resource, bytes], Any]


def generally(_resource: Resource, raw: bytes) -> Any:
    """An item by the general way, which is the measure."""
    return json_body.decode(raw)


def plainly(resource: Resource, raw: bytes) -> Any:
    """An item by the plain way where it goes, as servers take it."""
    item = plain.decode(resource, raw)
    return json_body.decode(raw) if item is None else item


def told(resource: Resource, there: Iterable[Row], raws: Iterable[bytes], decode: Decode) -> Any:
    """What becomes of items one after another: outcomes, rows, and what they need."""
    plan = new_plan(*(row.copy() for row in there))
    parent_id = "leg1" if resource.parent else ""
    outcomes: list[Any] = []
    for raw in raws:
        try:
            item = decode(resource, raw)
        except ValidationFailed as error:
            outcomes.append((error.message, error.details))
            continue
        needs = Needs()
        needs.add(resource, [item])
        found = plan.find(resource, item, parent_id)
        results = apply_items(plan, [item], lambda each: plan.upsert(resource, each, parent_id))
        outcomes.append((results, found and found.id, needs))
    return outcomes, to_store(plan)


def to_store(plan: Plan) -> Any:
    """All a plan would store, the order within nested objects aside."""
    changes = plan.changes
    return [
        [
            (row.kind, row.id, row.parent_id, row.client_ref, row.sort_key, [*row.document])
            for row in rows
        ]
        + [_canonical.encode(row.document) for row in rows]
        for rows in (changes.created, changes.updated, changes.before.values())
    ]
