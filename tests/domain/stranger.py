"""A resource as somebody new to the project would add it, and a visit to all it then has.

`python -m tests.domain.stranger FOLDER` runs it on a database in that folder. It is a program
of its own because `RESOURCES` is read when the other modules are imported.
"""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

import domain.resources
from domain.fields import ClientRef, Date, Safe, Text, Title, link
from domain.resource import Resource


class Expense(Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """What a client may set of an expense."""

    label: Annotated[Title, Safe]
    amount: Annotated[float, Meta(ge=0), Safe]
    currency: Annotated[Literal["EUR", "GBP", "JPY"], Safe]
    spent_on: Annotated[Date, Safe] | UnsetType = UNSET
    leg_id: Annotated[str, Safe, link("leg")] | UnsetType = UNSET
    card_number: str | UnsetType = UNSET
    notes: Text | UnsetType = UNSET
    client_ref: ClientRef | UnsetType = UNSET


EXPENSE = Resource(
    kind="expense",
    struct=Expense,
    collection="expenses",
    id_param="expenseId",
    snapshot="expenses",
    sort_key=lambda fields: fields.get("spentOn", ""),
)

SUSHI = {"label": "Sushi", "amount": 4200, "currency": "JPY", "spentOn": "2026-07-16"}
TRAIN = {"label": "Train", "amount": 130.5, "currency": "GBP", "spentOn": "2026-07-15"}


def declare() -> None:
    """Puts the name into `RESOURCES`, as an edit of that file would."""
    domain.resources.RESOURCES += (EXPENSE,)
    domain.resources.BY_KIND[EXPENSE.kind] = EXPENSE


async def visit(folder: Path) -> None:
    from runtime.settings import Limits, Settings
    from storage import open_store
    from storage.migrate import migrate
    from tests.support import PLENTY, new_world, now

    store = await open_store(f"sqlite:///{folder}/carnet.db")
    try:
        await migrate(store, now())
        async with new_world(store, Settings(limits=Limits(requests_per_minute=PLENTY))) as world:
            await rows(world)
            await links(world)
            await snapshots(world)
            await share(world)
            await description(world)
    finally:
        await store.close()


async def rows(world) -> None:
    """Routes, validation, scopes, PATCH, batch, order, delete."""
    from tests.support import add_key

    expenses = f"{world.trip}/expenses"
    sushi = await world.make("/expenses", {**SUSHI, "clientRef": "sushi"})
    again = await world.client.post(expenses, {"amount": 4300, "clientRef": "sushi"})
    assert (again.status, again.json["amount"], again.json["label"]) == (200, 4300, "Sushi")

    wrong = await world.client.post(expenses, {"amount": -1, "currency": "USD", "tip": 5})
    assert wrong.status == 400
    assert wrong.details == [
        ("label", "required"),
        ("amount", "out_of_range"),
        ("currency", "not_allowed"),
        ("tip", "unknown_field"),
    ]
    changed = await world.client.patch(f"{expenses}/{sushi['_id']}", {"spentOn": None})
    assert changed.status == 200
    assert "spentOn" not in changed.json
    await world.client.patch(f"{expenses}/{sushi['_id']}", {"spentOn": SUSHI["spentOn"]})

    batch = await world.client.post(f"{expenses}:batch", {"items": [TRAIN, {"label": ""}]})
    assert batch.status == 207
    assert (batch.json["created"], batch.json["errors"]) == (1, 1)

    pages = await world.client.pages(expenses, limit=1)
    assert [row["label"] for page in pages for row in page] == ["Train", "Sushi"]

    reader = world.as_(await add_key(world.store, world.owner.user_id, "trips:read"))
    assert (await reader.get(expenses)).status == 200
    assert (await reader.post(expenses, TRAIN)).status == 403

    train = batch.json["results"][0]["_id"]
    assert (await world.client.delete(f"{expenses}/{train}")).status == 204
    assert (await world.client.patch(f"{expenses}/{train}", {})).status == 404


async def links(world) -> None:
    """A link must hold, and is cleared when what it names goes."""
    from tests.support import SAMPLES

    expenses = f"{world.trip}/expenses"
    refused = await world.client.post(expenses, {**TRAIN, "legId": "nowhere"})
    assert refused.details == [("legId", "not_found")]
    leg = await world.make("/legs", SAMPLES["leg"])
    train = await world.make("/expenses", {**TRAIN, "legId": leg["_id"]})
    assert train["legId"] == leg["_id"]
    await world.client.delete(f"{world.trip}/legs/{leg['_id']}")
    listed = (await world.client.get(expenses)).json["items"]
    assert [row.get("legId") for row in listed if row["_id"] == train["_id"]] == [None]


async def snapshots(world) -> None:
    """Sync by clientRef and legRef, export, and the export sent back."""
    from tests.support import SAMPLES

    answer = await world.client.post(
        f"{world.trip}/sync",
        {
            "legs": [{**SAMPLES["leg"], "clientRef": "tokyo"}],
            "expenses": [{**TRAIN, "clientRef": "train", "legRef": "tokyo"}],
        },
    )
    assert answer.status == 200
    assert answer.json["expenses"]["created"] == 1
    export = await world.client.get(f"{world.trip}/export")
    (train,) = (row for row in export.json["expenses"] if row.get("clientRef") == "train")
    assert train["legId"] == export.json["legs"][0]["_id"]
    back = await world.client.post(f"{world.trip}/sync", export.json)
    assert back.status == 200
    assert back.json["expenses"]["unchanged"] == len(export.json["expenses"]) > 1
    other = await world.new_trip()
    copied = await world.client.post(f"/trips/{other}/sync", export.json)
    assert copied.json["expenses"]["created"] == len(export.json["expenses"])
    copy = (await world.client.get(f"/trips/{other}/export")).json
    (copied_train,) = (row for row in copy["expenses"] if row.get("clientRef") == "train")
    assert copied_train["legId"] == copy["legs"][0]["_id"] != train["legId"]


async def share(world) -> None:
    """The safe view shows what is marked, and nothing else."""
    await world.make("/expenses", {**SUSHI, "cardNumber": "4111", "notes": "with the boss"})
    token = (await world.client.post(f"{world.trip}/share-token")).json["token"]
    shown = (await world.as_(None).get(f"/shared/trips/{token}/export")).json["expenses"]
    assert len(shown) > 1
    allowed = {"_id", "label", "amount", "currency", "spentOn", "legId"}
    assert set().union(*shown) == allowed


async def description(world) -> None:
    """OpenAPI has the operations and the shapes."""
    openapi = (await world.as_(None).get("/openapi.json")).json
    path = "/trips/{tripId}/expenses"
    assert set(openapi["paths"][path]) == {"get", "post"}
    assert set(openapi["paths"][f"{path}:batch"]) == {"post"}
    assert set(openapi["paths"][f"{path}/{{expenseId}}"]) == {"patch", "delete"}
    body = shape(openapi, openapi["paths"][path]["post"]["requestBody"])
    assert {"label", "amount", "currency", "cardNumber"} <= set(body["properties"])
    documents = shape(openapi, openapi["paths"][path]["post"]["responses"]["201"])
    assert {"_id", "cardNumber", "createdAt"} <= set(documents["properties"])
    for method, whole in (
        ("post", "/trips/{tripId}/sync"),
        ("get", "/trips/{tripId}/export"),
        ("get", "/shared/trips/{token}/export"),
    ):
        reply = shape(openapi, openapi["paths"][whole][method]["responses"]["200"])
        assert "expenses" in reply["properties"]
    shown = shape(openapi, reply["properties"]["expenses"]["items"])
    assert set(shown["properties"]) == {"_id", "label", "amount", "currency", "spentOn", "legId"}


def shape(openapi, described) -> dict[str, Any]:
    """The schema of a body, with its reference followed."""
    if "content" in described:
        described = described["content"]["application/json"]["schema"]
    name = described["$ref"].rpartition("/")[2]
    found: dict[str, Any] = openapi["components"]["schemas"][name]
    return found


if __name__ == "__main__":
    declare()
    asyncio.run(visit(Path(sys.argv[1])))
    print("all of it works")  # noqa: T201 - what the test that runs this looks for
