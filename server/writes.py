"""Runs a write: its transaction, its Idempotency-Key (contract section 4), a job to wait for."""

import dataclasses
from collections.abc import Mapping
from typing import Final

from domain.errors import CarnetError, IdempotencyConflict, NotFound, Unavailable
from server import job_replies
from server.bodies import fingerprint
from server.body_budget import BodyAccount
from server.errors import render
from server.route import Call, Queued, Reply, Transaction
from storage import idempotency
from storage.idempotency import Answer, IdempotencyRecord, KeyTaken, Protection
from storage.store import Tx

REPLAYED: Final = "Idempotency-Replayed"
_ATTEMPTS: Final = 3
"""How often a request is run whose key is taken by one that fails, and so is not remembered."""


async def run_write(call: Call, route: Transaction, key: str | None, account: BodyAccount) -> Reply:
    """The reply to a write; raises `CarnetError` for what is refused."""
    if key is None:
        outcome = await call.services.store.write(lambda tx: route.handler(tx, call))
        _drop_body(call, account)
        return await _finish(call, outcome)
    return await _Protected(call, route, key).run(account)


async def _finish(call: Call, outcome: Reply | Queued) -> Reply:
    return await job_replies.finish(call, outcome) if isinstance(outcome, Queued) else outcome


def _drop_body(call: Call, account: BodyAccount) -> None:
    """A request may wait long for its job: it needs no body any more."""
    call.raw, call.body, call.upload = b"", None, None
    account.free()


class _Protected:
    """A write under an Idempotency-Key.

    It is run as if the key were new, and recorded with its answer at the end of its own
    transaction. Where the key is taken, that undoes it, and the first answer is given again. So it
    is where the operation fails: what was asked for may have been done the first time.
    """

    def __init__(self, call: Call, route: Transaction, key: str) -> None:
        self._call = call
        self._route = route
        self._key = key
        self._fingerprint = ""
        self._replayed = False

    async def run(self, account: BodyAccount) -> Reply:
        """The operation's reply, or the first one again."""
        self._fingerprint = await fingerprint(self._call.request, self._call.raw)
        outcome = await self._first_or_again()
        _drop_body(self._call, account)
        reply = await _finish(self._call, outcome)
        return await self._complete(outcome, reply) if isinstance(outcome, Queued) else reply

    async def _first_or_again(self) -> Reply | Queued:
        store = self._call.services.store
        for _ in range(_ATTEMPTS):
            try:
                return await store.write(self._attempt)
            except KeyTaken:
                again = await self._repeat()
            except NotFound as error:
                # That something is not there is an answer to remember too.
                again = await self._repeat() or await self._remember_not_found(error)
            except CarnetError:
                again = await self._repeat()
                if again is None:
                    raise
            if again is not None:
                return again
        raise Unavailable("Requests with this Idempotency-Key have just failed: try again")

    def _protection(self) -> Protection:
        scope = self._call.actor.idempotency_scope
        return Protection(scope, self._key, self._fingerprint, self._call.moment.timestamp())

    async def _attempt(self, tx: Tx) -> Reply | Queued:
        protection = self._call.protection = self._protection()
        outcome = await self._route.handler(tx, self._call)
        if not protection.recorded:
            job_id = outcome.job_id if isinstance(outcome, Queued) else None
            reply = outcome.accepted if isinstance(outcome, Queued) else outcome
            await idempotency.remember(tx, protection, _answer(reply), job_id)
        return outcome

    async def _remember_not_found(self, error: NotFound) -> Reply | None:
        """The reply to what is not there; None when another request has taken the key."""
        reply = render(error, self._call.request_id)
        try:
            await self._call.services.store.write(
                lambda tx: idempotency.remember(tx, self._protection(), _answer(reply))
            )
        except KeyTaken:
            return None
        return reply

    async def _repeat(self) -> Reply | Queued | None:
        """The first reply again, or the job it comes from; None where none is remembered."""
        record = await self._find()
        if record is None:
            return None
        if record.fingerprint != self._fingerprint:
            raise IdempotencyConflict()
        self._replayed = True
        if record.answer is not None and record.answer.body is not None:
            return _reply(record.answer, record.answer.body, replayed=True)
        assert record.job_id is not None
        return Queued(record.job_id, self._call.services.settings.imports.wait_seconds)

    async def _find(self) -> IdempotencyRecord | None:
        scope, now = self._call.actor.idempotency_scope, self._call.moment.timestamp()
        return await self._call.services.store.read(
            lambda tx: idempotency.find(tx, scope, self._key, now)
        )

    async def _complete(self, queued: Queued, reply: Reply) -> Reply:
        """Records what a request that waited for a job is answered, unless that has been done."""
        if queued.accepted is not None or reply.status not in (200, 202, 207, NotFound.status):
            return reply
        # The body of a result is the job's, and is not stored a second time.
        body = None if reply.status in (200, 207) else reply.body
        mine = Answer(reply.status, dict(reply.headers), body)
        scope, now = self._call.actor.idempotency_scope, self._call.moment.timestamp()

        async def complete(tx: Tx) -> Answer:
            await idempotency.complete(tx, scope, self._key, mine)
            record = await idempotency.find(tx, scope, self._key, now)
            return record.answer if record and record.answer else mine

        first = await self._call.services.store.write(complete)
        if first.body is not None:
            reply = _reply(first, first.body)
        elif first.status != reply.status:
            reply = await job_replies.finish(self._call, queued)
        return dataclasses.replace(reply, headers=_replayed(reply.headers, self._replayed))


def _answer(reply: Reply | None) -> Answer | None:
    if reply is None:
        return None
    return Answer(reply.status, dict(reply.headers), reply.body, reply.rev)


def _reply(answer: Answer, body: bytes, *, replayed: bool = False) -> Reply:
    return Reply(answer.status, body, _replayed(answer.headers, replayed), answer.rev)


def _replayed(headers: Mapping[str, str], replayed: bool) -> Mapping[str, str]:
    return {**headers, REPLAYED: "true"} if replayed else headers
