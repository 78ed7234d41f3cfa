"""The operations every resource of a trip has, written once for all of them."""

import dataclasses
import re

from domain import details
from domain.errors import NotFound, PayloadTooLarge, ValidationFailed
from domain.imports import ImportRequest, ItemLists, items_of
from domain.plan import Needs, Plan
from domain.resource import Resource
from domain.row import Row
from runtime.ids import new_id
from server import jobs as job_replies
from server.call import Call, Queued, Reply
from server.conditional import require_match, tagged
from server.lists import PageRequest
from storage import imports, items, jobs
from storage.store import Tx


@dataclasses.dataclass(frozen=True)
class Operations:
    """List, create, batch, change and delete, of one resource."""

    resource: Resource

    async def list_(self, tx: Tx, call: Call) -> Reply:
        """A page of the list, in the resource's order."""
        parent_id = await self._parent(tx, call)
        kind, trip_id = self.resource.kind, call.trip_id
        request = PageRequest(call, f"{trip_id}/{kind}/{parent_id}")
        page = await items.page(
            tx, trip_id, kind, parent_id, after=request.after, limit=request.limit
        )
        return request.reply(page)

    def new_row(self, call: Call) -> Row | None:
        """The row a create makes if it makes one; None where that takes a look at others."""
        needs = Needs()
        needs.add(self.resource, [call.body])
        if self.resource.parent is not None or needs.ids or needs.members:
            return None
        plan = Plan(call.trip_id, now=call.now, new_id=new_id)
        try:
            return plan.upsert(self.resource, call.body)[1]
        except ValidationFailed:
            # Of a row that exists this may be a valid change.
            return None

    async def create(self, tx: Tx, call: Call) -> Reply:
        """A new row (201), or a merge into the one with the same clientRef (200)."""
        parent_id = await self._parent(tx, call)
        plan = await self._plan(tx, call)
        status, row, _ = plan.upsert(self.resource, call.body, parent_id)
        await items.apply(tx, plan)
        return Reply(201 if status == "created" else 200, row.json.encode(), tagged(row.rev))

    async def change(self, tx: Tx, call: Call) -> Reply:
        """A merge into one row."""
        row = await self._row(tx, call)
        plan = await self._plan(tx, call, row)
        _, row, _ = plan.patch(self.resource, row, call.body)
        await items.apply(tx, plan)
        return Reply(200, row.json.encode(), tagged(row.rev))

    async def delete(self, tx: Tx, call: Call) -> Reply:
        """Removes one row, with what belongs to it, and the links to it."""
        await items.delete(tx, call.trip_id, await self._row(tx, call), call.now)
        return Reply(204)

    async def batch(self, tx: Tx, call: Call) -> Reply | Queued:
        """Up to 50 creates at once, each with an outcome of its own."""
        parent_id = await self._parent(tx, call)
        return await run_import(tx, call, ImportRequest("batch", self.resource.kind, parent_id))

    async def _parent(self, tx: Tx, call: Call) -> str:
        """The id of the row the path's collection belongs to, "" where it is the trip's own."""
        parent = self.resource.parent
        if parent is None:
            return ""
        parent_id = call.path(parent.id_param)
        if not await items.exists(tx, call.trip_id, parent.kind, parent_id):
            raise NotFound(f"There is no such {parent.kind}")
        return parent_id

    async def _row(self, tx: Tx, call: Call) -> Row:
        """The row of the path, the one the request wants to change."""
        parent_id = await self._parent(tx, call)
        row = await items.get(
            tx, call.trip_id, self.resource.kind, call.path(self.resource.id_param)
        )
        if row is None or row.parent_id != parent_id:
            raise NotFound(f"There is no such {self.resource.kind}")
        require_match(call, row.rev)
        return row

    async def _plan(self, tx: Tx, call: Call, *known: Row) -> Plan:
        plan = Plan(call.trip_id, now=call.now, new_id=new_id)
        plan.know(known)
        needs = Needs()
        needs.add(self.resource, [call.body])
        await items.load(tx, plan, needs)
        return plan


async def sync(tx: Tx, call: Call) -> Reply | Queued:
    """A diff-merge of a whole snapshot, or, in a dry run, what it would come to."""
    text = call.request.query.get("dryRun", "false")
    if text not in ("true", "false"):
        raise ValidationFailed([details.not_allowed("dryRun", ("true", "false"), text)])
    return await run_import(tx, call, ImportRequest("sync", dry_run=text == "true"))


async def run_import(tx: Tx, call: Call, request: ImportRequest) -> Reply | Queued:
    """Applies a small import here and now, and queues a large one for a worker."""
    settings = call.services.settings.imports
    lists: ItemLists = [] if call.survey else items_of(request, call.body)
    total = call.survey.count() if call.survey else sum(len(listed) for _, listed in lists)
    if total > settings.max_items:
        raise PayloadTooLarge(f"A sync may have {settings.max_items} items at most")
    respond_async, wait_seconds = _preferences(call)
    if total <= settings.inline_items and not respond_async:
        return Reply(*await imports.apply(tx, call.trip_id, request, lists, call.now))
    job_id = new_id()
    await jobs.insert(
        tx,
        job_id=job_id,
        user_id=call.user.user_id,
        trip_id=call.trip_id,
        request=request,
        payload=call.packed or jobs.pack(call.raw),
        total=total,
        now=call.now,
        due_at=call.moment.timestamp(),
    )
    accepted = None
    if respond_async:
        accepted = await job_replies.accepted(tx, call, job_id)
        applied = {**accepted.headers, "Preference-Applied": "respond-async"}
        accepted = dataclasses.replace(accepted, headers=applied)
    return Queued(job_id, min(wait_seconds, settings.wait_seconds), accepted)


def _preferences(call: Call) -> tuple[bool, float]:
    """What `Prefer` asks for (RFC 7240): `respond-async`, and `wait` in seconds.

    What is not understood is ignored, as the RFC wants.
    """
    respond_async, wait = False, float("inf")
    for value in call.request.headers.getall("Prefer", ()):
        for preference in value.split(","):
            name = preference.partition(";")[0].strip().lower()
            if name == "respond-async":
                respond_async = True
            elif match := re.fullmatch(r'wait\s*=\s*"?(\d{1,9})"?', name, re.ASCII):
                wait = float(match[1])
    return respond_async, wait
