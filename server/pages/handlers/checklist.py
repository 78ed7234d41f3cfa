"""The checklist of a trip: items are ticked, and added."""

from domain.errors import NotFound, ValidationFailed
from domain.imports import BatchResult, ImportRequest
from domain.resources import ACTION_ITEM
from operations import imports, rows
from operations.rows import Collection
from server.pages.handlers import trip
from server.pages.problems import problems_of
from server.pages.sent_twice import reference
from server.pages.visit import Document, Redirect, Visit


async def tick(visit: Visit) -> Redirect:
    """Ticks and unticks items, in one changeset.

    The form sends which boxes are ticked (`done`) and which were when the page was made (`was`):
    only what is different is changed, for others may have ticked something since.
    """
    done, was = set(visit.fields.get("done", ())), set(visit.fields.get("was", ()))
    items = [{"_id": row_id, "isCompleted": row_id in done} for row_id in sorted(done ^ was)]
    back = f"/trips/{visit.call.trip_id}"
    if not items:
        return Redirect(f"{back}?done=saved#checklist")
    request = ImportRequest("upsert", ACTION_ITEM.kind)
    outcome = await visit.write(
        lambda tx: imports.apply(
            tx, visit.call.cause, visit.call.trip_id, request, [(ACTION_ITEM, items)]
        )
    )
    result = outcome.answer
    assert isinstance(result, BatchResult)
    if result.errors == len(items):
        raise NotFound("These items are not in this trip")
    if result.errors:
        return Redirect(f"{back}?done=saved_in_part#checklist")
    return Redirect(f"{back}?done=saved#checklist")


async def add(visit: Visit) -> Document | Redirect:
    """A new item; the same form sent twice is one item."""
    sent = {name: visit.form.get(name, "") for name in ("text", "urgency")}
    body = {**sent, "clientRef": reference(visit.form.get("clientRef", ""), *sent.values())}
    collection = Collection(ACTION_ITEM, visit.call.trip_id)
    try:
        await visit.write(lambda tx: rows.create(tx, visit.call.cause, collection, body))
    except ValidationFailed as error:
        problems = problems_of(visit.words, error)
        return await trip.page(visit, problems=problems, sent=sent, status=400)
    return Redirect(f"/trips/{visit.call.trip_id}?done=added#checklist")
