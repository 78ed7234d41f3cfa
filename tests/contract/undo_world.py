"""Undoing, and what a trip's export is but for what an undo may change of it."""

from collections.abc import Mapping
from typing import Any

from tests.support import Client, Response, World


async def undo(
    world: World,
    rev: object,
    query: str = "",
    *,
    client: Client | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer to the undoing of a changeset."""
    path = f"{world.trip}/history/{rev}/undo{query}"
    return await (client or world.client).post(path, headers=headers)


def told(answer: Response) -> dict[str, list[tuple[str, str]]]:
    """What became of each row: `(_id, status)`, by category; the numbers fit."""
    found = {}
    for name, category in answer.json.items():
        if name in ("dryRun", "rev"):
            continue
        items = found[name] = [(item["_id"], item["status"]) for item in category["items"]]
        for number in ("deleted", "restored", "updated", "unchanged"):
            assert category[number] == [status for _, status in items].count(number)
        assert category["errors"] == [status for _, status in items].count("error")
    failed = any("error" in dict(items).values() for items in found.values())
    assert answer.status == (207 if failed else 200)
    return found


def error_of(answer: Response, row_id: str) -> dict[str, Any]:
    """What stood in the way of a row."""
    (item,) = (
        item
        for category in answer.json.values()
        if isinstance(category, dict)
        for item in category["items"]
        if item["_id"] == row_id
    )
    assert item["status"] == "error", item
    error: dict[str, Any] = item["error"]
    assert error["code"] == "CONFLICT"
    return error


def content(export: dict[str, Any]) -> dict[str, Any]:
    """An export without `rev` and the moments of updates."""
    return {
        name: _timeless(part) if name == "trip" else [_timeless(row) for row in part]
        for name, part in export.items()
        if name != "rev"
    }


def _timeless(document: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in document.items() if name != "updatedAt"]


async def rev_of(world: World) -> int:
    """The trip's revision."""
    rev: int = (await world.client.get(f"{world.trip}/history?limit=1")).json["items"][0]["rev"]
    return rev
