"""Plans and stored rows, for tests."""

import itertools
from collections.abc import Iterable
from typing import Any

import pytest

from domain.errors import ValidationFailed
from domain.merge import merge
from domain.plan import Plan, Put, Tally
from domain.resource import Resource
from domain.row import Row
from tests.support import SAMPLES

THEN, NOW = "2026-07-01T00:00:00.000Z", "2026-07-02T00:00:00.000Z"


def new_plan(*rows: Row, dry_run: bool = False) -> Plan:
    """A plan that knows these rows, and gives new ones the ids `new1`, `new2`, ..."""
    numbers = itertools.count(1)
    plan = Plan("trip", now=NOW, new_id=lambda: f"new{next(numbers)}", dry_run=dry_run)
    plan.know(rows)
    return plan


def stored(resource: Resource, row_id: str, parent_id: str = "", **change: Any) -> Row:
    """A row as it was stored once, made of the resource's sample."""
    fields, wrong = resource.validated(merge({}, {**SAMPLES[resource.kind], **change}))
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


def tally(plan: Plan, items: Iterable[Any], put: Put) -> Tally:
    """The tally of all items."""
    made = Tally()
    for row in made.apply(plan, items, put):
        assert row.id in plan.inserted
    return made
