"""Runs a route: intake, the operation in its transaction, idempotency, and jobs to wait for."""

import dataclasses
import datetime

from aiohttp import web

from domain.errors import ErrorBody, ErrorInfo, IdempotencyConflict, NotFound
from server import intake
from server.call import API, SERVICES, Call, Queued, Reply, Route, Routed, json_reply
from server.conditional import is_known, tagged
from server.observe import JOB_ID, REQUEST_ID, render
from storage import idempotency, jobs, trips
from storage.idempotency import Answer
from storage.store import Tx

REPLAYED = "Idempotency-Replayed"


class Endpoint(Routed):
    """The aiohttp handler of one route."""

    async def handle(self, request: web.Request) -> web.Response:
        """Answers one request; raises `CarnetError` for what is refused."""
        services = request.app[SERVICES]
        caller = request.get(intake.CALLER)
        if caller is not None:
            intake.authorize(self.route, request, caller)
        call = Call(services, request, caller, datetime.datetime.now(datetime.UTC))
        if self.route.writes:
            reply = await self._write(call)
        else:
            reply = await self._read(call)
        return web.Response(
            status=reply.status,
            body=reply.body or None,
            headers=reply.headers,
            content_type="application/json" if reply.body else None,
        )

    async def _read(self, call: Call) -> Reply:
        trip = call.caller.trip if call.caller and self.route.on_trip else None
        if trip is not None and is_known(call.request, trip.rev):
            return Reply(304, headers=tagged(trip.rev))
        reply = await call.services.store.read(lambda tx: self.route.handler(tx, call))
        assert isinstance(reply, Reply)
        if trip is not None:
            # The revision was read before the rows: at worst it is older than they are.
            return dataclasses.replace(reply, headers=tagged(trip.rev))
        return reply

    async def _write(self, call: Call) -> Reply:
        key = intake.idempotency_key(call.request)
        raw, body = await intake.read_body(self.route, call.request, call.services)
        call = dataclasses.replace(call, raw=raw, body=body)
        if key is None:
            outcome = await call.services.store.write(lambda tx: _operate(tx, self.route, call))
            return outcome if isinstance(outcome, Reply) else await _finish(call, outcome)
        protected = _Protected(self.route, call, key, intake.fingerprint(call.request, raw))
        outcome = await call.services.store.write(protected)
        if isinstance(outcome, Reply):
            return outcome
        return await protected.settle(outcome, await _finish(call, outcome))


async def _operate(tx: Tx, route: Route, call: Call) -> Reply | Queued:
    """The route's operation; writers of one trip take turns."""
    if route.on_trip:
        await trips.lock(tx, call.trip_id)
    return await route.handler(tx, call)


class _Protected:
    """An operation under an Idempotency-Key (contract section 4).

    The record is written in the operation's own transaction, and looked for there first, so
    of two requests at once with one key the second finds the first one's record.
    """

    def __init__(self, route: Route, call: Call, key: str, fingerprint: str) -> None:
        self._route = route
        self._call = call
        self._key = key
        self._fingerprint = fingerprint
        self._replayed = False

    async def __call__(self, tx: Tx) -> Reply | Queued:
        key_id, now = self._call.user.key_id, self._call.moment.timestamp()
        record = await idempotency.find(tx, key_id, self._key, now)
        if record is not None:
            if record.fingerprint != self._fingerprint:
                raise IdempotencyConflict()
            self._replayed = True
            if record.answer is None or record.answer.body is None:
                assert record.job_id is not None
                return Queued(record.job_id, False, self._wait_seconds())
            return _replay(record.answer)
        outcome = await self._run(tx)
        answer, job_id = None, None
        if isinstance(outcome, Queued):
            job_id = outcome.job_id
        else:
            answer = Answer(outcome.status, dict(outcome.headers), outcome.body)
        await idempotency.remember(
            tx, key_id, self._key, self._fingerprint, now, answer=answer, job_id=job_id
        )
        return outcome

    async def _run(self, tx: Tx) -> Reply | Queued:
        """The operation; that something is not there is an answer to remember too."""
        try:
            return await _operate(tx, self._route, self._call)
        except NotFound as error:
            return render(error, self._call.request[REQUEST_ID])

    def _wait_seconds(self) -> float:
        return self._call.services.settings.imports.wait_seconds

    async def settle(self, queued: Queued, reply: Reply) -> Reply:
        """Fixes the first answer to a request that made a job, and gives whichever was first."""
        if reply.status >= 400:
            return reply
        body = reply.body if reply.status == 202 else None
        mine = Answer(reply.status, dict(reply.headers), body)
        key_id, now = self._call.user.key_id, self._call.moment.timestamp()

        async def settle(tx: Tx) -> Answer:
            await idempotency.settle(tx, key_id, self._key, mine)
            record = await idempotency.find(tx, key_id, self._key, now)
            return record.answer if record and record.answer else mine

        first = await self._call.services.store.write(settle)
        if first.body is not None:
            reply = Reply(first.status, first.body, first.headers)
        headers = {**reply.headers, REPLAYED: "true"} if self._replayed else reply.headers
        return dataclasses.replace(reply, headers=headers)


def _replay(answer: Answer) -> Reply:
    return Reply(answer.status, answer.body or b"", {**answer.headers, REPLAYED: "true"})


async def _finish(call: Call, queued: Queued) -> Reply:
    """Waits for a job as long as the request wants; its result, or 202 with the job."""
    services, user_id = call.services, call.user.user_id
    call.request[JOB_ID] = queued.job_id

    async def outcome() -> jobs.Outcome | None:
        return await services.store.read(lambda tx: jobs.outcome(tx, user_id, queued.job_id))

    with services.signals.watch(queued.job_id) as watch:
        await services.signals.ring(queued.job_id)
        if not queued.respond_async:
            ended = await outcome()
            if ended is None:
                await watch.wait(queued.wait_seconds)
                ended = await outcome()
            if ended is not None:
                return _result(call, ended)
    job = await services.store.read(lambda tx: jobs.get(tx, user_id, queued.job_id))
    headers = {"Location": f"{API}/jobs/{queued.job_id}"}
    if queued.respond_async:
        headers["Preference-Applied"] = "respond-async"
    return json_reply(job, 202, headers)


def _result(call: Call, ended: jobs.Outcome) -> Reply:
    """A job's end as the response to the request that asked for it."""
    if ended.error is None:
        return Reply(ended.status, ended.body)
    error = ended.error
    info = ErrorInfo(error.code, error.message, call.request[REQUEST_ID], error.details)
    return json_reply(ErrorBody(info), ended.status)
