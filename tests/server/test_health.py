"""What `/healthz` and `/readyz` answer, and what they cost (contract section 15)."""

import asyncio
import shutil
from collections import Counter
from typing import Any

import pytest
import structlog

from server import health
from server.app import build_app
from server.health import Check, Health, disk_check, schema_check, storage_check
from tests.server.test_listener import listening
from tests.waiting import until

ALL_WELL = {"status": "ok", "checks": {"storage": "ok", "schema": "ok"}}


@pytest.mark.parametrize(("path", "body"), [("/healthz", {"status": "ok"}), ("/readyz", ALL_WELL)])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_it_is_told_to_everybody_without_a_limit_or_a_log_line(world, path, body, method):
    stranger = world.as_(None)
    with structlog.testing.capture_logs() as lines:
        for _ in range(100):
            answer = await stranger.send(method, world.client.base + path)
            assert answer.status == 200
    assert lines == []
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Length"]
    assert answer.json == (body if method == "GET" else None)
    assert "X-RateLimit-Limit" not in answer.headers


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_it_is_only_to_be_read_and_nothing_is_below_it(world, path):
    refused = await world.client.send("POST", world.client.base + path)
    assert (refused.status, refused.headers["Allow"]) == (405, "GET, HEAD")
    assert (await world.client.get(f"{world.client.base}{path}/more")).status == 404


async def test_it_is_also_below_the_path_of_the_public_url(world):
    services = world.running.services
    object.__setattr__(services, "public_url", "https://example.org/trips")
    async with listening(build_app(services, Checks(a="ok").health)) as (_, url):
        for path in ("/readyz", "/trips/readyz", "/healthz", "/trips/healthz"):
            assert (await world.client.get(f"{url}{path}")).status == 200


async def test_it_is_answered_where_no_write_is_taken_any_more(world, monkeypatch):
    monkeypatch.setattr(type(world.store), "full", property(lambda _store: True))
    assert (await world.client.post("/trips", {})).status == 503
    assert (await world.client.get(f"{world.client.base}/readyz")).json == ALL_WELL


class Checks:
    """Checks that say what they are told to say."""

    def __init__(self, **words: str) -> None:
        self.words = dict(words)
        self.asked: Counter[str] = Counter()
        self.gate = asyncio.Event()
        self.gate.set()
        self.health = Health({name: self._check(name) for name in words})

    def _check(self, name: str) -> Check:
        async def check() -> str:
            self.asked[name] += 1
            if self.words[name] == "hangs":
                await self.gate.wait()
                return "ok"
            if self.words[name] == "breaks":
                raise OSError("the password of db.internal is hush-hush")
            return self.words[name]

        return check

    async def look(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        """The state, and not that of before."""
        monkeypatch.setattr(health, "_KEPT_SECONDS", 0.0)
        return await self.health.state()


@pytest.mark.parametrize(
    ("word", "told", "status"),
    [
        ("ok", "ok", "ok"),
        ("newer", "newer", "ok"),
        ("failing", "failing", "failing"),
        ("wrong credentials", "wrong credentials", "failing"),
        ("breaks", "failing", "failing"),
    ],
)
async def test_one_part_that_is_not_well_is_named_and_no_more_told(word, told, status):
    checks = Checks(a="ok", b=word)
    assert await checks.health.state() == {"status": status, "checks": {"a": "ok", "b": told}}


async def test_a_flood_is_one_look(monkeypatch):
    monkeypatch.setattr(health, "_KEPT_SECONDS", 3600.0)
    checks = Checks(a="ok")
    await asyncio.gather(*(checks.health.state() for _ in range(1000)))
    await checks.health.state()
    assert checks.asked == {"a": 1}


async def test_what_hangs_is_failing_and_is_not_asked_again_until_it_answers(monkeypatch):
    monkeypatch.setattr(health, "_CHECK_SECONDS", 0.01)
    checks = Checks(a="hangs", b="ok")
    checks.gate.clear()
    for _ in range(3):
        state = await checks.look(monkeypatch)
        assert state == {"status": "failing", "checks": {"a": "failing", "b": "ok"}}
    assert checks.asked == {"a": 1, "b": 3}
    checks.gate.set()
    await asyncio.sleep(0)
    assert (await checks.look(monkeypatch))["status"] == "ok"
    await checks.health.stop()


async def test_one_that_was_stopped_tells_what_it_found_last(monkeypatch):
    monkeypatch.setattr(health, "_KEPT_SECONDS", 0.0)
    checks = Checks(a="ok")
    await checks.health.state()
    checks.words["a"] = "hangs"
    checks.gate.clear()
    asking = asyncio.create_task(checks.health.state())
    await until(lambda: checks.asked["a"] == 2)
    checks.health.draining = True
    await checks.health.stop()
    assert await checks.health.state() == {"status": "draining", "checks": {"a": "ok"}}
    await asyncio.wait({asking})


async def test_one_who_leaves_takes_nothing_from_the_others():
    checks = Checks(a="hangs")
    checks.gate.clear()
    leaving = asyncio.create_task(checks.health.state())
    staying = asyncio.create_task(checks.health.state())
    await until(lambda: checks.asked["a"])
    leaving.cancel()
    checks.gate.set()
    assert (await staying)["status"] == "ok"


async def test_a_change_is_one_line_in_the_log(monkeypatch):
    checks = Checks(a="ok", b="ok")
    with structlog.testing.capture_logs() as lines:
        for word in ("ok", "failing", "failing", "newer", "ok"):
            checks.words["b"] = word
            await checks.look(monkeypatch)
    assert lines == [
        {"event": "not_ready", "log_level": "warning", "b": "failing"},
        {"event": "ready_again", "log_level": "info"},
    ]


async def test_a_process_that_was_told_to_stop_is_draining(world):
    checks = Checks(a="ok")
    async with listening(build_app(world.running.services, checks.health)) as (_, url):
        checks.health.draining = True
        answer = await world.as_(None).get(f"{url}/readyz")
        assert (answer.status, answer.json["status"]) == (503, "draining")
        assert answer.json["checks"] == {"a": "ok"}
        assert (await world.as_(None).get(f"{url}/healthz")).status == 200


# The checks


async def test_a_database_that_answers_on_our_schema_is_well(store):
    assert await storage_check(store)() == "ok"
    assert await schema_check(store)() == "ok"


async def test_a_database_that_was_not_migrated_is_behind(store):
    await store.write(lambda tx: tx.execute("DELETE FROM schema_migrations WHERE version > 3"))
    assert await schema_check(store)() == "behind"


async def test_a_server_goes_on_when_a_newer_release_has_migrated(store):
    newer = "INSERT INTO schema_migrations VALUES (9999, '9999_future', 'x', 'then')"
    await store.write(lambda tx: tx.execute(newer))
    assert await schema_check(store)() == "newer"


async def test_a_database_of_another_kind_is_not_well(store):
    await store.write(lambda tx: tx.execute("UPDATE schema_migrations SET checksum = 'x'"))
    checked = Health({"schema": schema_check(store)})
    assert (await checked.state())["checks"] == {"schema": "failing"}


async def test_a_full_disk_is_not_well(tmp_path, monkeypatch):
    assert await disk_check(tmp_path)() == "ok"
    usage = shutil.disk_usage(tmp_path)
    full = usage._replace(free=health.MIN_FREE_BYTES - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: full)
    assert await disk_check(tmp_path)() == "failing"
    assert await disk_check(None)() == "ok"
