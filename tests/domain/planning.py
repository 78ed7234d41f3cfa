"""Plans and stored rows, for tests."""

import itertools
from collections.abc import Iterable
from typing import Any

import pytest

from domain.errors import ValidationFailed
from domain.plan import ItemResult, Plan, Put, apply_items
from domain.resource import Resource
from domain.row import Row
from tests.support import SAMPLES

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
