"""The state of a job, and the answer to a request that made one (contract section 5)."""

import asyncio
import time

from domain.errors import ErrorBody, ErrorInfo, NotFound
from server.call import API, JOB_ID, REQUEST_ID, Call, Queued, Reply, json_reply
from server.intake import OFF_LOOP_BYTES
from storage import jobs
from storage.store import Tx


async def show(tx: Tx, call: Call) -> Reply:
    """One of the caller's own jobs."""
    job = await jobs.get(tx, call.user.user_id, call.path("jobId"))
    if job is None:
        raise NotFound("There is no such job")
    return json_reply(job)


async def accepted(tx: Tx, call: Call, job_id: str) -> Reply:
    """202 with the job, and where to read it later."""
    job = await jobs.get(tx, call.user.user_id, job_id)
    return json_reply(job, 202, {"Location": f"{API}/jobs/{job_id}"})


async def finish(call: Call, queued: Queued) -> Reply:
    """Rings for a worker and waits as long as the request wants; the job's result, or 202."""
    services = call.services
    call.request[JOB_ID] = queued.job_id
    with services.signals.watch_job(queued.job_id) as watch:
        await services.signals.job_queued(queued.job_id)
        if queued.accepted is not None:
            return queued.accepted
        rest, started = queued.wait_seconds, time.monotonic()
        while (ended := await _result(call, queued.job_id)) is None and rest > 0:
            if not await watch.wait(rest):
                ended = await _result(call, queued.job_id)
                break
            rest = queued.wait_seconds - (time.monotonic() - started)
    if ended is not None:
        return ended
    return await services.store.read(lambda tx: accepted(tx, call, queued.job_id))


async def _result(call: Call, job_id: str) -> Reply | None:
    """A job's end as the response to the request that asked for it; None before it."""
    user_id = call.user.user_id
    ended = await call.services.store.read(lambda tx: jobs.outcome(tx, user_id, job_id))
    if ended is None:
        return None
    if ended.error is None:
        if len(ended.packed) > OFF_LOOP_BYTES:
            return Reply(ended.status, await asyncio.to_thread(jobs.unpack, ended.packed))
        return Reply(ended.status, jobs.unpack(ended.packed))
    error = ended.error
    info = ErrorInfo(error.code, error.message, call.request[REQUEST_ID], error.details)
    return json_reply(ErrorBody(info), ended.status)
