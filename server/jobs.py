"""The state of a job."""

from domain.errors import NotFound
from server.call import Call, Reply, json_reply
from storage import jobs
from storage.store import Tx


async def show(tx: Tx, call: Call) -> Reply:
    """One of the caller's own jobs."""
    job = await jobs.get(tx, call.user.user_id, call.path("jobId"))
    if job is None:
        raise NotFound("There is no such job")
    return json_reply(job)
