"""Where the first key and the set-up code are told, and where they never are."""

import asyncio
import contextlib
import errno
import io
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import aiohttp
import pytest

from carnet import first_start
from carnet.failure import Failure
from carnet.first_start import file_for_secrets, tell_first_start
from domain.errors import Unavailable
from runtime.clock import now
from runtime.settings import Log, Settings, Storage
from storage import accounts
from tests.carnet.program import CARNET, SECONDS, environment, run
from tests.support import Client
from tests.waiting import until

POSTGRES = Settings(storage=Storage(url="postgresql://carnet@localhost/carnet"))


def stream(descriptor: int) -> str:
    """What systemd says of a stream that leads to its journal."""
    found = os.fstat(descriptor)
    return f"{found.st_dev}:{found.st_ino}"


@contextlib.contextmanager
def serving_to_a_journal(folder: Path, **variables: str) -> Iterator[TextIO]:
    """What a server prints, as it is read by a journal."""
    reading, writing = os.pipe()
    around = environment(
        {
            "CARNET_HTTP__PORT": "0",
            "CARNET_HTTP__PUBLIC_URL": "https://carnet.test",
            "JOURNAL_STREAM": stream(writing),
            **variables,
        }
    )
    process = subprocess.Popen(
        [CARNET, "serve"], cwd=folder, env=around, stdout=writing, stderr=subprocess.DEVNULL
    )
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as printed:
        try:
            yield printed
        finally:
            process.terminate()
            process.wait(SECONDS)


async def first_lines(printed: TextIO, number: int) -> list[str]:
    return [(await asyncio.to_thread(printed.readline)).rstrip("\n") for _ in range(number)]


async def test_a_journal_gets_neither_key_nor_code(tmp_path):
    told = tmp_path / "data" / "first-start.txt"
    with serving_to_a_journal(tmp_path) as printed:
        listens, where = await first_lines(printed, 2)
        assert "data/first-start.txt" in where
        await until(lambda: "Set-up code: " in told.read_text())
        text = told.read_text()
        key = re.findall(r"\bosk_\w+", text)[0]
        async with aiohttp.ClientSession() as session:
            me = await Client(session, listens.split()[-1], key).get("/me")
        assert me.json["user"]["email"] == "owner@localhost"
    assert told.stat().st_mode & 0o777 == 0o600
    # Until somebody has followed the link it is told at each start; what is there stays there.
    with serving_to_a_journal(tmp_path) as printed:
        await first_lines(printed, 2)
    assert told.read_text() == text
    told.unlink()
    code = re.findall(r"Set-up code: (\S+)", text)[0]
    with serving_to_a_journal(tmp_path) as printed:
        shown = await first_lines(printed, 2)
        await until(lambda: f"Set-up code: {code}" in told.read_text())
    assert "osk_" not in told.read_text()
    for line in (listens, where, *shown):
        assert "osk_" not in line
        assert code not in line


async def test_a_journal_with_no_file_for_them_is_told_what_to_do(store, monkeypatch):
    """As `carnet serve` on Postgres is, by its unit: before `carnet init`, and after it."""
    monkeypatch.setattr(first_start, "_confidant", lambda *_: None)
    printed: list[str] = []
    await tell_first_start(Settings(), store, printed.append)
    await store.write(lambda tx: accounts.set_up(tx, now=now(), **first_start.FIRST_USER))
    await tell_first_start(Settings(), store, printed.append)
    before, after = printed
    assert "`carnet init`" in before
    assert "`carnet user reset EMAIL`" in after
    assert "carnet init" not in after


async def test_a_database_that_goes_away_meanwhile_ends_no_server(store, monkeypatch):
    async def away(_tx):
        raise Unavailable("The database is unavailable")

    monkeypatch.setattr(accounts, "is_set_up", away)
    printed: list[str] = []
    await tell_first_start(Settings(), store, printed.append)
    (line,) = printed
    assert line.startswith("The database is unavailable: ")


def test_a_file_that_cannot_be_written_is_one_line_and_nothing_is_made(tmp_path):
    to = str(tmp_path / "none" / "first.txt")
    refused = run(tmp_path, "serve", CARNET_HTTP__PORT="0", CARNET_LOG__SECRETS_TO=to)
    assert refused.code == 1
    assert f"cannot write the first key to {to}: No such file" in refused.err
    assert run(tmp_path, "user", "list", "--json").json == []


async def told(to: Path, store) -> list[str]:
    """What a first start prints that has a file for its secrets."""
    printed: list[str] = []
    await tell_first_start(Settings(log=Log(secrets_to=str(to))), store, printed.append)
    return printed


async def test_a_pipe_is_no_file_and_nothing_is_made(tmp_path, store):
    to = tmp_path / "pipe"
    os.mkfifo(to)
    with pytest.raises(Failure, match=f"{to}: it is no regular file"):
        await told(to, store)
    assert not await store.read(accounts.is_set_up)


async def test_a_full_disk_is_one_line_that_tells_how_to_go_on(tmp_path, store, monkeypatch):
    class Full(io.StringIO):
        def write(self, _text: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(first_start, "_open", lambda _path: Full())
    with pytest.raises(
        Failure, match=r"No space left on device; .*`carnet key create` makes a key"
    ):
        await told(tmp_path / "first.txt", store)


async def test_what_else_is_in_the_file_stays(tmp_path, store):
    to = tmp_path / "first.txt"
    to.write_bytes(b"caf\xe9")
    (line,) = await told(to, store)
    assert str(to) in line
    assert to.read_bytes().startswith(b"caf\xe9\nThis is the first start")


async def test_a_file_that_is_named_gets_them_whatever_is_printed_to(tmp_path):
    to = tmp_path / "first.txt"
    with serving_to_a_journal(
        tmp_path, JOURNAL_STREAM="", CARNET_LOG__SECRETS_TO=str(to)
    ) as printed:
        assert str(to) in (await first_lines(printed, 2))[1]
    assert to.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("settings", "environ", "expected"),
    [
        (Settings(), {"STATE_DIRECTORY": "/s"}, "data/first-start.txt"),
        (POSTGRES, {"STATE_DIRECTORY": "/var/lib/a:/var/lib/b"}, "/var/lib/a/first-start.txt"),
        (POSTGRES, {}, None),
        (Settings(log=Log(secrets_to="/x")), {}, "/x"),
    ],
)
def test_in_a_journal_they_go_beside_the_database_or_into_the_units_folder(
    settings, environ, expected
):
    found = file_for_secrets(settings, {**environ, "JOURNAL_STREAM": stream(1)})
    assert found == (Path(expected) if expected else None)


@pytest.mark.parametrize("journal", ["", "1:1", "nonsense"])
def test_what_is_printed_elsewhere_stays_printed(journal):
    assert file_for_secrets(Settings(), {"JOURNAL_STREAM": journal}) is None
    assert file_for_secrets(POSTGRES, {"STATE_DIRECTORY": "/var/lib/a"}) is None
