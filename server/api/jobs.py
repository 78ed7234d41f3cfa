"""The state of a job."""

from domain.errors import NotFound
from server.route import Call, Reply, json_reply
from storage import jobs
from storage.jobs import Job
from storage.store import Tx


async def show(tx: Tx, call: Call) -> Reply:
    """One of the actor's own jobs."""
    return json_reply(await get(tx, call, call.path("jobId")))


async def get(tx: Tx, call: Call, job_id: str) -> Job:
    """A job of the actor's; else `NotFound`."""
    job = await jobs.get(tx, call.actor.user, job_id)
    if job is None:
        raise NotFound("You have no such job; jobs that ended are dropped after a week")
    return job
