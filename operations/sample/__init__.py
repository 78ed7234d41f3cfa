"""A trip to look at, for whoever begins."""

import functools
from importlib.resources import files
from typing import Any

import msgspec

from domain.changes import Cause
from domain.imports import ImportRequest, items_of
from operations import imports, trips
from storage.store import Store


@functools.cache
def _japan() -> dict[str, Any]:
    sample: dict[str, Any] = msgspec.json.decode(
        (files("operations.sample") / "japan.json").read_bytes()
    )
    return sample


async def plant(store: Store, cause: Cause, group_id: str) -> str:
    """Makes the sample trip in a group, and fills it by a sync; its id."""
    sample, request = _japan(), ImportRequest("sync")
    body = {**sample["trip"], "groupId": group_id}
    trip = await store.write(lambda tx: trips.create(tx, cause, body))
    rows = {name: rows for name, rows in sample.items() if name != "trip"}
    lists = items_of(request, rows)
    await store.write(lambda tx: imports.apply(tx, cause, trip.id, request, lists))
    return trip.id
