"""A real Prometheus on a set-up of two servers and two workers, and on one with SQLite.

Every query of the dashboard and of the alerts finds something there; no alert fires where all is
well, and each does when its cause is made.
"""

import asyncio
import contextlib
import dataclasses
import os
import re
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from docs.dashboard import WINDOW, queries
from tests.faults import causes
from tests.faults.load import pin
from tests.faults.production import Production, children, production
from tests.faults.prometheus import ALERTS, RULES, Prometheus
from tests.faults.proxy import Proxy, proxy
from tests.faults.test_leases import accepted_job, expire_lease, other_writer
from tests.servers import PostgresServer, ValkeyServer, free_port
from tests.support import SAMPLES
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.debian

RUNBOOK = (RULES.parent.parent.parent / "docs" / "runbook.md").read_text(encoding="utf-8")
OF_THE_MACHINE = "CarnetSlow|CarnetLoopBusy|CarnetStandbyAway|CarnetDown|CarnetProcessHangs"
"""Alerts that fire rightly where the machine that tests run on has too much to do."""


@dataclasses.dataclass(frozen=True)
class SetUp:
    """What runs, and what watches it."""

    one: Production
    """A server of two processes that reads from a standby, and two workers."""
    two: Production
    """A server of two processes on the same database; it has no key of its own."""
    small: Production
    """A server on SQLite, with its worker as a child."""
    database: str
    postgres: PostgresServer
    standby: Proxy
    """The way to what stands for a standby: the same server."""
    valkey: ValkeyServer
    prometheus: Prometheus
    ports: list[int]
    """The ports that it watches."""
    packages: Path
    """A folder in which `two` looks for what is installed."""
    past: Path
    """A folder for a server of another time."""


def reads_by(url: str) -> dict[str, str]:
    """The setting of a standby that may be any server."""
    return {"CARNET_STORAGE__READ_URL": f"{url}?target_session_attrs=any"}


@contextlib.asynccontextmanager
async def set_up(
    tmp_path: Path, crashing: tuple[str, PostgresServer], valkey: ValkeyServer
) -> AsyncIterator[SetUp]:
    """All of it inside the block; Prometheus begins when the programs are there."""
    database, postgres = crashing
    ports = [free_port() for _ in range(5)]
    several = [
        {
            "CARNET_METRICS__PORT": str(port),
            "CARNET_HTTP__PROCESSES": "2",
            "CARNET_WEBHOOKS__ALLOW_PRIVATE": "true",
        }
        for port in ports
    ]
    names = ("one", "two", "small", "prometheus", "packages", "past")
    folders = [tmp_path / name for name in names]
    for folder in folders:
        folder.mkdir()
    largest = str(causes.LARGEST_BODY)
    small_only = {
        "CARNET_METRICS__PORT": str(ports[4]),
        "CARNET_HTTP__MAX_BODY_BYTES": largest,
        "CARNET_HTTP__MAX_INFLIGHT_BYTES": largest,
    }
    packages = {"PYTHONPATH": str(folders[4])}
    two = Production(folders[1], database, valkey.url, **several[1], **packages)
    async with (
        proxy(postgres.port) as standby,
        production(
            folders[0], database, valkey.url, **several[0] | reads_by(standby.url(database))
        ) as one,
        production(folders[2], f"sqlite:///{folders[2]}/carnet.db", **small_only) as small,
    ):
        try:
            for variables in several[2:4]:
                one.add_worker(**variables)
            await asyncio.gather(*(carnet.start_server() for carnet in (one, two, small)))
            await until(lambda: all(each.events("metrics_started") for each in one.workers))
            async with Prometheus(folders[3], ports).running() as prometheus:
                yield SetUp(
                    *(one, two, small, database, postgres, standby, valkey, prometheus),
                    *(ports, folders[4], folders[5]),
                )
        finally:
            two.end()


def measured_by(alert: str) -> str:
    """What an alert compares with its limit."""
    if alert.startswith("absent("):
        return alert.removeprefix("absent(").rpartition(")")[0]
    measured, count = re.subn(r"\s(>|==) [\d.]+\Z", "", alert)
    assert count == 1, alert
    return measured


def all_queries() -> Iterator[str]:
    """What the dashboard shows and the alerts watch, with windows for scrapes every two seconds."""
    for query in (*queries(), *map(measured_by, ALERTS.values())):
        yield re.sub(r"\[(\d+[mh]|" + re.escape(WINDOW) + r")\]", "[20s]", query)


async def use(carnet: Production) -> None:
    """Has it do something of each kind."""
    async with carnet.client() as client:
        trip = await carnet.new_trip(client)
        pins = [{**SAMPLES["mapPin"], "clientRef": f"p{n}"} for n in range(20)]
        async with asyncio.timeout(PATIENCE):
            while True:
                answer = await client.post(f"{trip}/sync", {"mapPins": pins})
                assert answer.status in (200, 202), answer.raw
                await client.get(trip)


@contextlib.asynccontextmanager
async def in_use(*all_of_them: Production) -> AsyncIterator[None]:
    """Uses them inside the block."""
    tasks = [asyncio.create_task(use(carnet)) for carnet in all_of_them]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_queries_find_something_and_alerts_fire_by_their_causes(tmp_path, crashing, valkey):
    async with set_up(tmp_path, crashing, valkey) as it:
        prometheus = it.prometheus
        await prometheus.until_firing("CarnetNoBackup")
        await asyncio.to_thread(it.small.carnet, "backup", str(tmp_path / "copy.db"))
        async with in_use(it.one, it.small):
            for query in all_queries():
                await prometheus.until_found(query)
        await prometheus.until_over("CarnetNoBackup")
        others = f'ALERTS{{alertstate="firing", alertname!~"CarnetNoBackup|{OF_THE_MACHINE}"}}'
        assert not await prometheus.numbers(f"max_over_time({others}[1h])")

        async with asyncio.TaskGroup() as group:
            for part in (sqlite, schedules, upgrade, redis, standby, workers, hanging):
                group.create_task(part(it))
        await postgres(it)
        await prometheus.watch([])
        await prometheus.until_firing("CarnetNotWatched")
        assert prometheus.fired == ALERTS.keys()


async def sqlite(it: SetUp) -> None:
    """Alerts of the server with SQLite, and of its child."""
    prometheus, small, file = it.prometheus, it.small, it.small.folder / "carnet.db"
    async with small.client() as client:
        trip = await small.new_trip(client)
        with causes.log_kept_by_a_reader(file):
            causes.two_days_pass_after_the_backup(file)
            async with (
                causes.passwords_tried(client),
                causes.large_bodies(small.port, client, trip),
                causes.crowd(small.port, small.server.pid),
            ):
                await prometheus.until_firing(
                    *("CarnetBackupOld", "CarnetLogOfWritesGrows", "CarnetWrongKeys"),
                    *("CarnetNoRoom", "CarnetFilesRunOut"),
                )
        for name in ("moves the log into the database", "begins it anew"):
            await client.post(f"{trip}/map-pins", pin(name))
        await prometheus.until_over("CarnetLogOfWritesGrows")
        async with causes.writes_locked_out(file, client, trip):
            await prometheus.until_firing("CarnetWritesQueue")
    which = f'instance="127.0.0.1:{it.ports[4]}",schedule="prune_sign_ins"'
    failures = f"carnet_schedule_failures_total{{{which}}}"
    with causes.missing_table(file):
        for times in range(1, 4):
            (worker,) = children(small.server.pid)
            os.kill(worker, signal.SIGKILL)
            await prometheus.until_found(f"{failures} >= {times}")
        await prometheus.until_firing("CarnetScheduleFails", "CarnetProcessesRestart")


async def schedules(it: SetUp) -> None:
    """A worker did what is scheduled when it started, and cannot do part of it any more."""
    prometheus, port = it.prometheus, free_port()
    file, clock = it.past / "carnet.db", it.past / "clock"
    variables = causes.clock_behind(clock, causes.SCHEDULE_LIMIT - 30)
    variables["CARNET_METRICS__PORT"] = str(port)
    async with production(it.past, f"sqlite:///{file}", **variables) as past:
        await past.start_server()
        done = "carnet_schedule_last_success_timestamp_seconds"
        await prometheus.watch([*it.ports, port])
        await prometheus.until_found(f'time() - {done}{{schedule="prune_sign_ins"}} > 3600')
        with causes.missing_table(file):
            causes.clock_moves_on(clock)
            others = f'{done}{{instance="127.0.0.1:{port}",schedule!="prune_sign_ins"}}'
            await prometheus.until_found(f"time() - min({others}) < 3600")
            await prometheus.until_firing("CarnetScheduleStopped")
        causes.clock_moves_on(clock, ahead="2h")
        await prometheus.until_over("CarnetScheduleStopped")
        await prometheus.watch(it.ports)


async def upgrade(it: SetUp) -> None:
    """One of the servers is brought to another release."""
    causes.new_release(it.packages)
    it.two.server.signal(signal.SIGHUP)
    await it.prometheus.until_firing("CarnetReleasesDiffer")
    each_is_of_one = "count(count by (instance) (carnet_build_info)) == count(carnet_build_info)"
    await it.prometheus.until_found(each_is_of_one)


async def hanging(it: SetUp) -> None:
    """A process of a server is stopped, and goes on."""
    pid = children(it.one.server.pid)[1]
    os.kill(pid, signal.SIGSTOP)
    try:
        await it.prometheus.until_firing("CarnetProcessHangs")
    finally:
        os.kill(pid, signal.SIGCONT)
    await it.prometheus.until_over("CarnetProcessHangs")


async def redis(it: SetUp) -> None:
    """Redis refuses, and then is away."""
    await asyncio.to_thread(causes.redis_password_changed, it.valkey.ask)
    await it.prometheus.until_firing("CarnetRedisRefuses")
    it.valkey.kill()
    await it.prometheus.until_firing("CarnetRedisUnreachable")


async def standby(it: SetUp) -> None:
    """Nothing comes through to the standby."""
    async with it.one.client() as client:
        trip = await it.one.new_trip(client)
        it.standby.stall()
        async with causes.repeated(lambda: client.get(f"{trip}/changes?since=0")):
            await it.prometheus.until_firing("CarnetStandbyAway")
        it.standby.resume()


async def workers(it: SetUp) -> None:
    """Workers die, and there is more than they can do."""
    prometheus, one, database = it.prometheus, it.one, it.database
    worker, other = one.workers
    async with one.client() as client:
        trip = await one.new_trip(client)
        other.kill()
        async with causes.halting(children(one.server.pid)[0]):
            await causes.deliveries_in_vain(client, trip)
            await prometheus.until_firing("CarnetDown", "CarnetWebhooksWait", "CarnetLoopBusy")
        job_id = await causes.die_of_a_job(worker, database, client, trip)
        await prometheus.until_found("count(up == 0) == 2")
        worker.start()
        await prometheus.until_found("count(up == 0) == 1")
        await expire_lease(database, job_id)
        await prometheus.until_firing("CarnetJobAbandoned")
        worker.kill()
        await accepted_job(client, trip)
        await causes.an_hour_passes_for_jobs(database)
        await prometheus.until_firing("CarnetJobsWait")


async def postgres(it: SetUp) -> None:
    """Postgres is slow, and then away."""
    prometheus = it.prometheus
    async with it.one.client() as client:
        trip = await it.one.new_trip(client)
        async with causes.reads_locked_out(it.database, client, trip):
            await prometheus.until_firing(
                *("CarnetPostgresConnectionsShort", "CarnetServerErrors", "CarnetSlow")
            )
            async with other_writer(it.database) as connection:
                for query in re.findall(r"`(SELECT [^`]* FROM [^`]*)`", RUNBOOK):
                    assert await connection.fetch(query)
    it.postgres.stop()
    try:
        await prometheus.until_firing("CarnetDatabaseAway")
    finally:
        await asyncio.to_thread(it.postgres.restart)
