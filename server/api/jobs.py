"""The state of a job."""

from domain.errors import NotFound
from server.route import Call, Reply, json_reply
from storage import jobs
from storage.store import Tx


async def show(tx: Tx, call: Call) -> Reply:
    """One of the actor's own jobs."""
    job = await jobs.get(tx, call.actor.user, call.path("jobId"))
    if job is None:
        raise NotFound("You have no such job; jobs that ended are dropped after a week")
    return json_reply(job)
