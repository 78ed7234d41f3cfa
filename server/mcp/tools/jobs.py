"""Jobs: what became of imports that were too large to be done at once."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from domain.fields import also
from domain.merge import Document
from server.api.jobs import get
from server.mcp.arguments import Cursor, Nothing
from server.mcp.results import BREVITIES, Answer, outcome
from server.mcp.tool import Tool, Use
from storage.store import Tx


class OfJob(Nothing, rename="camel", kw_only=True):
    """A job."""

    job_id: Annotated[
        str, Meta(min_length=1, description="_id of a job, from the result of sync_trip or undo"),
        also("job", "id"),
    ]  # fmt: skip
    cursor: Cursor | UnsetType = UNSET


async def _get_job(tx: Tx, use: Use) -> Answer:
    job: Document = msgspec.json.decode(
        msgspec.json.encode(await get(tx, use.call, use.get("jobId")))
    )
    results = _results(job.get("result"))
    entries = [outcome(each.pop("of"), each, BREVITIES[0]) for each in results]
    progress = job["progress"]
    text = f"{job['status']}: {progress['done']} of {progress['total']} items"
    if "error" in job:
        text = f"{text}; {job['error']['message']}"
    return use.page(Answer(text=text, head=job, listed="results"), entries)


def _results(result: Any) -> list[Document]:
    """The outcomes of single items, taken out of a job's result."""
    if not isinstance(result, dict):
        return []
    found = [{"of": "item", **each} for each in result.pop("results", [])]
    for name, category in result.items():
        if isinstance(category, dict):
            found += [{"of": name, **each} for each in category.pop("items", [])]
    return found


GET_JOB = Tool(
    name="get_job",
    title="Get a job",
    description="How far a large sync or undo is that is done in the background, and its result.",
    arguments=OfJob,
    run=_get_job,
)
