"""Runs a write: its transaction, its Idempotency-Key (contract section 4), a job to wait for."""

from collections.abc import Mapping
from typing import Final

import msgspec

from domain.errors import CarnetError, IdempotencyConflict, NotFound, Unavailable
from runtime import measured
from server import job_replies
from server.bodies import fingerprint
from server.body_budget import BodyAccount
from server.errors import render
from server.preferences import preferences_of
from server.route import Call, Handler, Queued, Rendering, Reply
from storage import idempotency
from storage.idempotency import Answer, IdempotencyRecord, KeyTaken, Protection
from storage.store import Tx

REPLAYED: Final = "Idempotency-Replayed"
SHOWN_ONCE: Final = (
    "This was done the first time, and its reply had a secret that is shown only once: where that"
    " is lost, make another one, with another Idempotency-Key"
)
_ATTEMPTS: Final = 3
"""How often a request is run whose key is taken by one that fails, and so is not remembered."""


async def run_write(
    call: Call,
    handler: Handler,
    account: BodyAccount,
) -> Reply:
    """The reply to a write; raises `CarnetError` for what is refused."""
    outcome = await call.services.store.write(lambda tx: handler(tx, call))
    assert not isinstance(outcome, Rendering)
    if isinstance(outcome, Reply):
        return outcome
    _drop_body(call, account)
    return await job_replies.finish(call, outcome)


def _drop_body(call: Call, account: BodyAccount) -> None:
    """A request may wait long for its job: it needs no body any more."""
    call.raw, call.body, call.upload = b"", None, None
    account.free()


async def run_protected(call: Call, handler: Handler, key: str, account: BodyAccount) -> Reply:
    """The reply to a write under an Idempotency-Key: the first one again, if there was one.

    The write is run as if the key were new, and recorded with its answer at the end of its own
    transaction. Where the key is taken, that undoes it, and the first answer is given again. So it
    is where the operation fails: what was asked for may have been done the first time.
    """
    write = _ProtectedWrite(call, handler, key, await fingerprint(call))
    for _ in range(_ATTEMPTS):
        try:
            outcome = await call.services.store.write(write.attempt)
        except KeyTaken:
            again = await write.repeat()
        except NotFound as error:
            # That something is not there is an answer to remember too.
            again = await write.repeat() or await write.remember_not_found(error)
        except CarnetError:
            again = await write.repeat()
            if again is None:
                raise
        else:
            return outcome if isinstance(outcome, Reply) else await write.finish(outcome, account)
        if again is not None:
            return again if isinstance(again, Reply) else await write.finish(again, account)
    raise Unavailable("Requests with this Idempotency-Key have just failed: try again")


class _ProtectedWrite:
    """A write under an Idempotency-Key, and what is remembered of it."""

    def __init__(self, call: Call, handler: Handler, key: str, fingerprint: str) -> None:
        self._call = call
        self._handler = handler
        self._key = key
        self._scope = call.actor.idempotency_scope
        self._fingerprint = fingerprint
        self._now = call.unix_seconds
        retention = call.services.settings.retention
        self._since = self._now - retention.idempotency_hours * 3600
        self._replayed = False

    async def attempt(self, tx: Tx) -> Reply | Queued:
        """Runs the operation, and records its answer; `KeyTaken` undoes both."""
        protection = self._protection()
        self._call.protection = protection
        outcome = await self._handler(tx, self._call)
        assert not isinstance(outcome, Rendering)
        if not protection.recorded:
            job_id = outcome.job_id if isinstance(outcome, Queued) else None
            reply = outcome.accepted if isinstance(outcome, Queued) else outcome
            if reply is not None and reply.once:
                reply = None
            await idempotency.remember(tx, protection, _answer(reply), job_id)
        return outcome

    def _protection(self) -> Protection:
        return Protection(self._scope, self._key, self._fingerprint, self._now, self._since)

    async def remember_not_found(self, error: NotFound) -> Reply | None:
        """The reply to what is not there; None when another request has taken the key."""
        reply = render(error, self._call.request_id)
        protection = self._protection()
        try:
            await self._call.services.store.write(
                lambda tx: idempotency.remember(tx, protection, _answer(reply))
            )
        except KeyTaken:
            return None
        return reply

    async def repeat(self) -> Reply | Queued | None:
        """The first reply again, or the job it comes from; None where none is remembered."""
        record = await self._call.services.store.read(
            lambda tx: idempotency.find(tx, self._scope, self._key, self._since)
        )
        if record is None:
            return None
        try:
            again = self._again(record)
        except IdempotencyConflict:
            measured.IDEMPOTENCY.add("conflict")
            raise
        measured.IDEMPOTENCY.add("replayed")
        self._replayed = True
        return again

    def _again(self, record: IdempotencyRecord) -> Reply | Queued:
        """What a record has a request answered; `IdempotencyConflict` where that is nothing."""
        if record.fingerprint != self._fingerprint:
            raise IdempotencyConflict()
        if record.answer is not None and record.answer.body is not None:
            return _reply(record.answer, record.answer.body, replayed=True)
        if record.job_id is None:
            raise IdempotencyConflict(SHOWN_ONCE)
        respond_async, wait_seconds = preferences_of(self._call.request)
        longest = self._call.services.settings.imports.wait_seconds
        return Queued(record.job_id, 0.0 if respond_async else min(wait_seconds, longest))

    async def finish(self, queued: Queued, account: BodyAccount) -> Reply:
        """Waits for the job, and records what the request is answered, unless that was done."""
        _drop_body(self._call, account)
        reply = await job_replies.finish(self._call, queued)
        if queued.accepted is not None or reply.status not in (200, 202, 207, NotFound.status):
            return reply
        # The body of a result is the job's, and is not stored a second time.
        body = None if reply.status in (200, 207) else reply.body
        mine = Answer(reply.status, dict(reply.headers), body)

        async def complete(tx: Tx) -> Answer:
            await idempotency.complete(tx, self._scope, self._key, mine)
            record = await idempotency.find(tx, self._scope, self._key, self._since)
            return record.answer if record and record.answer else mine

        first = await self._call.services.store.write(complete)
        if first.body is not None:
            reply = _reply(first, first.body)
        elif first.status != reply.status:
            reply = await job_replies.finish(self._call, queued)
        return msgspec.structs.replace(reply, headers=_replayed(reply.headers, self._replayed))


def _answer(reply: Reply | None) -> Answer | None:
    if reply is None:
        return None
    return Answer(reply.status, dict(reply.headers), reply.body, reply.rev)


def _reply(answer: Answer, body: bytes, *, replayed: bool = False) -> Reply:
    return Reply(answer.status, body, _replayed(answer.headers, replayed), answer.rev)


def _replayed(headers: Mapping[str, str], replayed: bool) -> Mapping[str, str]:
    return {**headers, REPLAYED: "true"} if replayed else headers
