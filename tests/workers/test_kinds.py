"""Kinds of jobs beside imports: slow, failing, undecodable, unknown, and with effects outside."""

import asyncio
import contextlib
import dataclasses
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from domain.errors import Detail, Unavailable, ValidationFailed
from runtime.ids import new_id
from runtime.settings import Settings
from runtime.signals import LocalSignals
from storage import job_claims, jobs
from storage.job_claims import Claim
from storage.store import Store, Tx
from tests.storage.home import Home, pin, soon
from tests.support import now
from tests.workers import work
from tests.workers.work import run_next, show
from workers import loop
from workers.kinds import KINDS, SCHEDULES, Kind, Schedule
from workers.loop import JobLoop


def decode(claim: Claim) -> Any:
    return msgspec.json.decode(claim.params), jobs.unpack(claim.payload)


async def note(tx: Tx, claim: Claim, _decoded: Any) -> tuple[int, bytes]:
    """An effect that shows whether it happened, and how often."""
    await tx.execute("INSERT INTO server_state (name, value) VALUES ($1, $2)", new_id(), claim.kind)
    return 200, b'{"noted": true}'


def kind(**change: Any) -> Kind:
    made = Kind(
        name="note",
        decode=decode,
        run=note,
        effects="inside",
        attempts=3,
        backoff=lambda attempt: 10.0 * attempt,
        timeout=30.0,
        concurrency=1,
        group=change.get("name", "note"),
    )
    return dataclasses.replace(made, **change)


def registry(*kinds: Kind) -> dict[str, Kind]:
    return {each.name: each for each in kinds}


async def queue(home: Home, name: str, payload: bytes = b"", **change: Any) -> str:
    """The id of a new job, which has neither a trip nor items."""
    job_id = new_id()
    job = {"params": "{}", "due_at": 0.0, "now": now(), **change}
    await home.store.write(
        lambda tx: jobs.insert(
            tx, job_id=job_id, user_id=home.user_id, kind=name, payload=payload, **job
        )
    )
    return job_id


async def notes(home: Home) -> int:
    count: int = await home.store.read(
        lambda tx: tx.fetchval("SELECT count(*) FROM server_state WHERE value = 'note'")
    )
    return count


async def test_a_job_is_decoded_by_its_kind_and_done(home, signals):
    seen = []

    async def look(tx: Tx, claim: Claim, decoded: Any) -> tuple[int, bytes]:
        seen.append((claim.user_id, claim.key_id, claim.request_id, decoded))
        return await note(tx, claim, decoded)

    packed = jobs.pack(b"any bytes \x00")
    job_id = await queue(home, "note", packed, params='{"a": 1}', key_id="key1", request_id="req_1")
    assert await run_next(home.store, signals, registry(kind(run=look)))
    assert seen == [(home.user_id, "key1", "req_1", ({"a": 1}, b"any bytes \x00"))]
    job = await show(home, job_id)
    assert (job["status"], job["kind"], job["result"]) == ("succeeded", "note", {"noted": True})
    assert "tripId" not in job
    assert job["progress"] == {"done": 0}
    assert await notes(home) == 1


async def test_what_is_prepared_in_a_read_is_given_to_the_work(home, signals):
    async def prepare(tx: Tx, _claim: Claim, decoded: Any) -> Any:
        return decoded, await tx.fetchval("SELECT count(*) FROM users")

    async def run(_tx: Tx, _claim: Claim, decoded: Any) -> tuple[int, bytes]:
        return 200, msgspec.json.encode(decoded[1])

    job_id = await queue(home, "note")
    await run_next(home.store, signals, registry(kind(prepare=prepare, run=run)))
    assert (await show(home, job_id))["result"] == 1


async def test_what_cannot_be_decoded_fails_at_once_and_hurts_no_other_job(home, signals, logged):
    bad, corrupt = await queue(home, "note", params="{"), await queue(home, "note", b"x is no zlib")
    good = await queue(home, "note")
    kinds = registry(kind())
    for _ in range(3):
        assert await run_next(home.store, signals, kinds)
    assert not await run_next(home.store, signals, kinds)
    for job_id in (bad, corrupt):
        job = await show(home, job_id)
        assert (job["status"], job["attempts"]) == ("failed", 1)
        assert job["error"] == {
            "code": "INTERNAL",
            "message": "What this job is to do cannot be read",
        }
    assert (await show(home, good))["status"] == "succeeded"
    assert await notes(home) == 1
    assert [line["job_id"] for line in logged if line["event"] == "job_undecodable"] == [
        bad,
        corrupt,
    ]


@pytest.mark.parametrize("name", ["batch", "sync"])
@pytest.mark.parametrize(
    "change",
    [
        {"params": "no JSON"},
        {"params": '{"kind": "later"}'},
        {"params": '{"kind": "batch", "resource": "later"}', "payload": b'{"items": [1]}'},
        {"payload": b"x\x9c and no zlib"},
        {"trip_id": None},
    ],
)
async def test_an_import_that_cannot_be_decoded_fails_at_once(home, signals, name, change):
    params = msgspec.json.encode({"kind": name, "resource": "mapPin"}).decode()
    payload = b'{"items": [{}]}' if name == "batch" else b"{}"
    job = {"trip_id": home.trip_id, "params": params, "payload": payload, **change}
    job_id = await queue(home, name, **job)
    assert await run_next(home.store, signals, KINDS)
    found = await show(home, job_id)
    assert (found["status"], found["attempts"]) == ("failed", 1)
    assert found["error"]["code"] == "INTERNAL"


@pytest.mark.parametrize("name", ["batch", "sync"])
async def test_an_import_of_what_is_no_json_is_refused_by_its_job(home, signals, name):
    """The request that queued it has counted the items, and looked into none of them."""
    params = msgspec.json.encode({"kind": name, "resource": "mapPin"}).decode()
    job_id = await queue(home, name, b'{"a": [{"b": 01}]}', trip_id=home.trip_id, params=params)
    assert await run_next(home.store, signals, KINDS)
    found = await show(home, job_id)
    assert (found["status"], found["attempts"]) == ("failed", 1)
    assert found["error"]["code"] == "VALIDATION_ERROR"
    assert [detail["reason"] for detail in found["error"]["details"]] == ["malformed"]


async def test_a_kind_may_refuse_what_it_has_decoded(home, signals):
    def refuse(_claim: Claim) -> Any:
        raise ValidationFailed([Detail("url", "malformed", "an address")])

    job_id = await queue(home, "note")
    await run_next(home.store, signals, registry(kind(decode=refuse)))
    job = await show(home, job_id)
    assert (job["status"], job["error"]["code"]) == ("failed", "VALIDATION_ERROR")


async def test_a_kind_that_a_worker_does_not_know_is_left_to_those_that_do(home, signals):
    job_id = await queue(home, "later")
    assert not await run_next(home.store, signals, registry(kind()))
    job = await show(home, job_id)
    assert (job["status"], job["attempts"]) == ("queued", 0)
    assert await run_next(home.store, signals, registry(kind(), kind(name="later")))
    assert (await show(home, job_id))["status"] == "succeeded"


@pytest.mark.parametrize("effects", ["inside", "outside"])
async def test_attempts_and_backoff_are_the_kinds_own(home, signals, clock, effects):
    async def fail(*_arguments: Any) -> tuple[int, bytes]:
        raise Unavailable("The receiver answers 500")

    kinds = registry(kind(run=fail, effects=effects))
    job_id = await queue(home, "note")
    waits = []
    for _ in range(2):
        assert await run_next(home.store, signals, kinds)
        assert not await run_next(home.store, signals, kinds)
        due = await home.store.read(lambda tx: job_claims.next_due(tx, kinds))
        waits.append(due["note"] - clock.moment)
        clock.moment = due["note"]
    assert waits == [10.0, 20.0]
    assert await run_next(home.store, signals, kinds)
    job = await show(home, job_id)
    assert (job["status"], job["attempts"]) == ("failed", 3)
    assert job["error"] == {"code": "UNAVAILABLE", "message": "The receiver answers 500"}


async def never(*_arguments: Any) -> tuple[int, bytes]:
    await asyncio.Event().wait()
    raise AssertionError


async def test_an_attempt_that_takes_too_long_is_tried_again(home, signals, clock, logged):
    slow = registry(kind(run=never, effects="outside", timeout=0.01))
    job_id = await queue(home, "note")
    await soon(run_next(home.store, signals, slow))
    job = await show(home, job_id)
    assert (job["status"], job["attempts"]) == ("queued", 1)
    assert [line["event"] for line in logged] == ["job_postponed"]
    clock.moment += 60
    await run_next(home.store, signals, registry(kind()))
    assert (await show(home, job_id))["status"] == "succeeded"


async def test_effects_outside_happen_in_no_transaction_and_at_least_once(
    home, signals, clock, monkeypatch
):
    calls = []

    async def call(store: Store, claim: Claim, _decoded: Any) -> tuple[int, bytes]:
        # Another write goes through meanwhile: nothing is locked.
        await store.write(lambda tx: note(tx, claim, None))
        await asyncio.sleep(0)
        calls.append(claim.attempt)
        return 204, b""

    kinds = registry(kind(run=call, effects="outside"))
    job_id = await queue(home, "note")

    async def crash(*_arguments: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(job_claims, "succeed", crash)
        await run_next(home.store, signals, kinds)
    assert (await show(home, job_id))["status"] == "queued"
    clock.moment += 60
    await run_next(home.store, signals, kinds)
    job = await show(home, job_id)
    assert (job["status"], "result" in job) == ("succeeded", False)
    assert calls == [1, 2]
    assert await notes(home) == 2


@contextlib.asynccontextmanager
async def working(home: Home, signals: LocalSignals, kinds: Mapping[str, Kind], *schedules: Any):
    worker = JobLoop(home.store, signals, Settings(), kinds, schedules)
    worker.start()
    try:
        yield worker
    finally:
        await soon(worker.stop())


async def until_ended(home: Home, signals: LocalSignals, job_id: str) -> Any:
    with signals.watch_job(job_id) as watch:
        while (job := await show(home, job_id))["status"] not in ("succeeded", "failed"):
            assert await watch.wait(20)
    return job


class Slow:
    """Jobs that begin, and end when the test says so."""

    def __init__(self) -> None:
        self.begun: asyncio.Queue[str] = asyncio.Queue()
        self.go_on = asyncio.Event()

    async def run(self, _store: Store, claim: Claim, _decoded: Any) -> tuple[int, bytes]:
        self.begun.put_nowait(claim.job_id)
        await self.go_on.wait()
        return 204, b""

    def kind(self, concurrency: int) -> Kind:
        return kind(name="slow", run=self.run, effects="outside", concurrency=concurrency)


async def test_a_slow_kind_keeps_no_other_waiting(home, signals, monkeypatch):
    monkeypatch.setattr(loop, "SWEEP_SECONDS", 3600)
    slow = Slow()
    stuck = [await queue(home, "slow") for _ in range(5)]
    kinds = registry(slow.kind(2), *KINDS.values())
    async with working(home, signals, kinds):
        begun = [await soon(slow.begun.get()) for _ in range(2)]
        assert sorted(begun) == sorted(stuck[:2])
        for number in range(3):
            job_id = await work.queue(home, {"mapPins": [pin(name=f"{number}")]})
            await signals.job_queued(job_id)
            assert (await until_ended(home, signals, job_id))["status"] == "succeeded"
        assert slow.begun.empty(), "it has two slots"
        slow.go_on.set()
        for job_id in stuck:
            await soon(until_ended(home, signals, job_id))
    assert [row["name"] for row in await home.rows("mapPins")] == ["0", "1", "2"]


async def test_a_failing_kind_keeps_no_other_waiting(home, signals, monkeypatch):
    monkeypatch.setattr(loop, "SWEEP_SECONDS", 3600)

    async def crash(*_arguments: Any) -> tuple[int, bytes]:
        raise ZeroDivisionError

    for number in range(20):
        await queue(home, "note", params="{" if number % 2 else "{}")
    kinds = registry(kind(run=crash), *KINDS.values())
    async with working(home, signals, kinds):
        job_id = await work.queue(home, {"mapPins": [pin()]})
        await signals.job_queued(job_id)
        assert (await until_ended(home, signals, job_id))["status"] == "succeeded"


async def test_a_worker_that_stops_waits_for_slow_jobs_but_not_for_ever(home, signals, monkeypatch):
    monkeypatch.setattr(loop, "DRAIN_SECONDS", 0.01)
    slow = Slow()
    job_id = await queue(home, "slow")
    async with working(home, signals, registry(slow.kind(1))):
        await soon(slow.begun.get())
    job = await show(home, job_id)
    assert (job["status"], job["attempts"]) == ("running", 1), "its lease runs out"


async def test_what_is_scheduled_is_done_at_the_start_and_again(home, signals):
    done = asyncio.Event()
    calls: list[Store] = []

    async def run(store: Store, _settings: Settings) -> None:
        calls.append(store)
        if len(calls) == 3:
            done.set()

    async with working(home, signals, KINDS, Schedule("often", 0.0, run)):
        await soon(done.wait())
    assert calls[:3] == [home.store] * 3


@pytest.mark.parametrize("error", [Unavailable(), ZeroDivisionError()])
async def test_a_schedule_that_fails_or_hangs_stops_nothing(home, signals, error, logged):
    calls = []

    async def fail(_store: Store, _settings: Settings) -> None:
        calls.append("fail")
        raise error

    async def hang(_store: Store, _settings: Settings) -> None:
        calls.append("hang")
        await asyncio.Event().wait()

    schedules = Schedule("fails", 3600.0, fail), Schedule("hangs", 3600.0, hang)
    job_id = await work.queue(home, {"mapPins": [pin()]})
    async with working(home, signals, KINDS, *schedules):
        assert (await until_ended(home, signals, job_id))["status"] == "succeeded"
    assert sorted(calls) == ["fail", "hang"]
    assert [line["schedule"] for line in logged if "schedule" in line] == ["fails"]


def test_the_registry_names_each_kind_once_and_each_schedule_once():
    assert all(name == each.name for name, each in KINDS.items())
    assert {"batch", "sync"} <= set(KINDS)
    names = [schedule.name for schedule in SCHEDULES]
    assert len(set(names)) == len(names)
