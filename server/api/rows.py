"""What every resource of a trip has, written once for all of them."""

import dataclasses

from domain.imports import ImportRequest
from domain.resource import Resource
from operations import rows
from operations.rows import Collection
from server.api.imports import run_import
from server.api.lists import PageRequest
from server.route import Call, Queued, Reply
from storage.store import Tx


@dataclasses.dataclass(frozen=True)
class Rows:
    """List, create, batch, change and delete, of one resource."""

    resource: Resource

    def collection(self, call: Call) -> Collection:
        """The rows that the path names."""
        parent = self.resource.parent
        parent_id = call.path(parent.id_param) if parent else ""
        return Collection(self.resource, call.trip_id, parent_id)

    async def list_(self, tx: Tx, call: Call) -> Reply:
        """A page of the list, in the resource's order."""
        collection = self.collection(call)
        listing = f"{call.trip_id}/{self.resource.kind}/{collection.parent_id}"
        request = PageRequest(call, listing)
        return request.reply(await rows.list_rows(tx, collection, request.after, request.limit))

    async def create(self, tx: Tx, call: Call) -> Reply:
        """A new row (201), or a merge into the one with the same clientRef (200)."""
        status, row = await rows.create(
            tx, call.cause, self.collection(call), call.body, call.precondition, call.protection
        )
        return Reply(201 if status == "created" else 200, row.json.encode(), rev=row.rev)

    async def change(self, tx: Tx, call: Call) -> Reply:
        """A merge into one row."""
        row_id = call.path(self.resource.id_param)
        _, row = await rows.change(
            tx, call.cause, self.collection(call), row_id, call.body, call.precondition
        )
        return Reply(200, row.json.encode(), rev=row.rev)

    async def delete(self, tx: Tx, call: Call) -> Reply:
        """Removes one row, with what belongs to it, and the links to it."""
        row_id = call.path(self.resource.id_param)
        await rows.delete(tx, call.cause, self.collection(call), row_id, call.precondition)
        return Reply(204)

    async def batch(self, tx: Tx, call: Call) -> Reply | Queued:
        """Up to 50 creates at once, each with an outcome of its own."""
        collection = self.collection(call)
        await rows.require_parent(tx, collection)
        request = ImportRequest("batch", self.resource.kind, collection.parent_id)
        return await run_import(tx, call, request)
