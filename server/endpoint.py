"""Runs a route: intake, the operation in its transaction, idempotency, and jobs to wait for."""

import asyncio
import dataclasses
import datetime
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import web

from domain.errors import IdempotencyConflict, NotFound, Unavailable
from server import intake, jobs
from server.call import REQUEST_ID, SERVICES, Call, Queued, Reply, Route, Routed
from server.conditional import is_known, tagged
from server.intake import OFF_LOOP_BYTES, PAUSE_SECONDS
from server.observe import render
from storage import creation, idempotency, trips
from storage.creation import FirstAnswer
from storage.idempotency import Answer, IdempotencyRecord
from storage.store import Operation, Tx

REPLAYED: Final = "Idempotency-Replayed"
PIECE_BYTES: Final = 128 * 1024
"""Bodies above this are sent in pieces: the system takes a millisecond for each half megabyte."""


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
        return to_response(reply)

    async def _read(self, call: Call) -> Reply:
        trip = call.caller.trip if call.caller and self.route.on_trip else None
        if trip is None:
            return await self._fetch(call)
        # The revision was read before the rows: at worst it is older than they are.
        headers = tagged(trip.rev)
        known = is_known(call.request, trip.rev)
        if not _cannot_fail(call.request):
            reply = await self._fetch(call)
            return Reply(304, b"", headers) if known else Reply(200, reply.body, headers)
        if known:
            return Reply(304, headers=headers)
        path, kept = call.request.rel_url.raw_path, call.services.kept_bodies
        body = kept.get(path, trip.rev)
        if body is None:
            body = (await self._fetch(call)).body
            kept.put(path, trip.rev, body)
        return Reply(200, body, headers)

    async def _fetch(self, call: Call) -> Reply:
        reply = await call.services.store.read(lambda tx: self.route.handler(tx, call))
        assert isinstance(reply, Reply)
        return reply

    async def _write(self, call: Call) -> Reply:
        key = intake.idempotency_key(call.request)
        call = await intake.with_body(call, self.route)
        protected = None
        if key is not None:
            fingerprint = await intake.fingerprint(call.request, call.raw)
            protected = _Protected(self.route, call, key, fingerprint)
        store = call.services.store
        operation = protected or (lambda tx: _operate(tx, self.route, call))
        create = self._creation(call, protected)
        if create is None:
            outcome = await store.write(operation)
        else:
            outcome = await store.write_at_once(create, operation)
        if isinstance(outcome, Reply):
            return outcome
        reply = await jobs.finish(call, outcome)
        return await protected.settle(outcome, reply) if protected else reply

    def _creation(
        self, call: Call, protected: "_Protected | None"
    ) -> Operation[Reply | Queued | None] | None:
        """The operation of a create that may find nothing in its way; None for other writes."""
        if self.route.new_row is None or len(call.raw) > OFF_LOOP_BYTES:
            return None
        row = self.route.new_row(call)
        if row is None:
            return None
        made = Reply(201, row.json.encode(), tagged(creation.REVISION))
        first = protected.first_answer(made) if protected else None

        async def create(tx: Tx) -> Reply | None:
            rev = await creation.store(tx, call.trip_id, row, first)
            return None if rev is None else dataclasses.replace(made, headers=tagged(rev))

        return create


def to_response(reply: Reply) -> web.Response:
    """A reply as aiohttp's; a large one is sent piece by piece, with others' turns between."""
    headers, body = reply.headers, reply.body
    if len(body) <= PIECE_BYTES:
        content_type = "application/json" if body else None
        return web.Response(
            status=reply.status, body=body or None, headers=headers, content_type=content_type
        )
    headers = {**headers, "Content-Length": str(len(body))}
    return web.Response(
        status=reply.status, body=_pieces(body), headers=headers, content_type="application/json"
    )


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), PIECE_BYTES):
        if start:
            await asyncio.sleep(PAUSE_SECONDS)
        yield body[start : start + PIECE_BYTES]


def _cannot_fail(request: web.Request) -> bool:
    """Whether a read that was admitted has nothing left to refuse.

    RFC 9110 section 13.2.1: a condition counts only where the answer would be a success.
    """
    return not request.query_string and request.match_info.keys() == {"tripId"}


async def _operate(tx: Tx, route: Route, call: Call) -> Reply | Queued:
    """The route's operation, when it is its turn."""
    await _take_turn(tx, route, call)
    return await route.handler(tx, call)


async def _take_turn(tx: Tx, route: Route, call: Call) -> None:
    """Makes writers of one trip wait for each other.

    The trip comes first of all that a write locks: else two of them could wait in a circle.
    """
    if route.on_trip:
        await trips.lock(tx, call.trip_id)


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
        self._replayed = False
        await _take_turn(tx, self._route, self._call)
        if not await idempotency.reserve(tx, key_id, self._key, self._fingerprint, now):
            record = await idempotency.find(tx, key_id, self._key, now)
            if record is None:
                raise Unavailable("The request with this Idempotency-Key has just failed")
            return self._repeat(record)
        outcome = await self._run(tx)
        job_id = outcome.job_id if isinstance(outcome, Queued) else None
        reply = outcome.accepted if isinstance(outcome, Queued) else outcome
        answer = Answer(reply.status, dict(reply.headers), reply.body) if reply else None
        await idempotency.remember(tx, key_id, self._key, answer=answer, job_id=job_id)
        return outcome

    def _repeat(self, record: IdempotencyRecord) -> Reply | Queued:
        """The first answer again, or the job it comes from; 409 for another request."""
        if record.fingerprint != self._fingerprint:
            raise IdempotencyConflict()
        self._replayed = True
        if record.answer is not None and record.answer.body is not None:
            return _replay(record.answer)
        assert record.job_id is not None
        return Queued(record.job_id, self._call.services.settings.imports.wait_seconds)

    async def _run(self, tx: Tx) -> Reply | Queued:
        """The operation; that something is not there is an answer to remember too."""
        try:
            return await self._route.handler(tx, self._call)
        except NotFound as error:
            return render(error, self._call.request[REQUEST_ID])

    def first_answer(self, reply: Reply) -> FirstAnswer:
        """What is to be remembered where the reply is the first."""
        answer = Answer(reply.status, dict(reply.headers), reply.body)
        key_id, now = self._call.user.key_id, self._call.moment.timestamp()
        return FirstAnswer(key_id, self._key, self._fingerprint, answer, now)

    async def settle(self, queued: Queued, reply: Reply) -> Reply:
        """Fixes the first answer to a request that waited for a job; whichever was first."""
        if queued.accepted is not None or reply.status not in (200, 202, 207, NotFound.status):
            return reply
        # The body of a result is the job's, and is not stored a second time.
        body = None if reply.status in (200, 207) else reply.body
        mine = Answer(reply.status, dict(reply.headers), body)
        key_id, now = self._call.user.key_id, self._call.moment.timestamp()

        async def settle(tx: Tx) -> Answer:
            await idempotency.settle(tx, key_id, self._key, mine)
            record = await idempotency.find(tx, key_id, self._key, now)
            return record.answer if record and record.answer else mine

        first = await self._call.services.store.write(settle)
        if first.body is not None:
            reply = Reply(first.status, first.body, first.headers)
        elif first.status != reply.status:
            reply = await jobs.finish(self._call, queued)
        headers = {**reply.headers, REPLAYED: "true"} if self._replayed else reply.headers
        return dataclasses.replace(reply, headers=headers)


def _replay(answer: Answer) -> Reply:
    return Reply(answer.status, answer.body or b"", {**answer.headers, REPLAYED: "true"})
