"""The response to a request that became a job (contract section 5)."""

import asyncio
import time

import msgspec

from domain.errors import ErrorBody, ErrorInfo
from server.bodies import OFF_LOOP_BYTES
from server.preferences import preferences_of
from server.route import API, Call, Queued, Reply, json_reply
from storage import jobs
from storage.store import Tx


async def accepted(tx: Tx, call: Call, job_id: str) -> Reply:
    """202 with the job, and where to read it later."""
    job = await jobs.get(tx, call.actor.user, job_id)
    location = f"{call.services.prefix}{API}/jobs/{job_id}"
    return json_reply(job, 202, {"Location": location})


async def queued(tx: Tx, call: Call, job_id: str) -> Queued:
    """What a request that became a job waits for, as long as it prefers."""
    respond_async, wait_seconds = preferences_of(call.request)
    reply = None
    if respond_async:
        reply = await accepted(tx, call, job_id)
        applied = {**reply.headers, "Preference-Applied": "respond-async"}
        reply = msgspec.structs.replace(reply, headers=applied)
    longest = call.services.settings.imports.wait_seconds
    return Queued(job_id, min(wait_seconds, longest), reply)


async def finish(call: Call, queued: Queued) -> Reply:
    """Notifies a worker and waits as long as the request wants; the job's result, or 202."""
    services = call.services
    call.job_id = queued.job_id
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
    user_id = call.actor.user
    ended = await call.services.store.read(lambda tx: jobs.outcome(tx, user_id, job_id))
    if ended is None:
        return None
    if ended.error is None:
        if len(ended.packed) > OFF_LOOP_BYTES:
            return Reply(ended.status, await asyncio.to_thread(jobs.unpack, ended.packed))
        return Reply(ended.status, jobs.unpack(ended.packed))
    error = ended.error
    info = ErrorInfo(error.code, error.message, call.request_id, error.details)
    return json_reply(ErrorBody(info), ended.status)
