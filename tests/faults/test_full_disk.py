"""A full disk under SQLite: a clear refusal, nothing broken, and on when there is space again."""

import asyncio
import contextlib
import os
import random
import resource
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.load import check_unavailable, pin
from tests.faults.production import children, production
from tests.waiting import until

MEGABYTES = 1024 * 1024
DISK = 12
BALLAST = 8
"""Megabytes that are there only to be taken away: a WAL alone grows to four."""
LARGEST_FILE = 3


class SmallDisk:
    """A file system of its own that is soon full."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"
        self._ballast.write_bytes(bytes(BALLAST * MEGABYTES))

    def limit(self, pids: list[int]) -> None:
        """It is small already."""

    def make_room(self, pids: list[int]) -> None:
        self._ballast.unlink()


class SmallFiles:
    """A limit of each file's size, where no file system can be mounted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def limit(self, pids: list[int]) -> None:
        self._set(pids, LARGEST_FILE * MEGABYTES)

    def make_room(self, pids: list[int]) -> None:
        self._set(pids, resource.RLIM_INFINITY)

    @staticmethod
    def _set(pids: list[int], size: int) -> None:
        for pid in pids:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def mounted(place: Path) -> bool:
    """Whether a small file system could be mounted, for which one must be root."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}m,mode=700", "none", str(place)]
    return (
        os.geteuid() == 0 and not subprocess.run(mount, check=False, capture_output=True).returncode
    )


@pytest.fixture(params=["disk", "files"])
def disk(request, tmp_path: Path) -> Iterator[SmallDisk | SmallFiles]:
    place = tmp_path / "disk"
    place.mkdir()
    if request.param == "disk" and mounted(place):
        yield SmallDisk(place)
        subprocess.run(["umount", str(place)], check=True)
    else:
        yield SmallFiles(place)


async def test_a_full_disk(tmp_path, disk, rng):
    file = disk.folder / "carnet.db"
    async with production(tmp_path, f"sqlite:///{file}") as carnet:
        await carnet.start_server()
        pids = [carnet.server.pid, *children(carnet.server.pid)]
        disk.limit(pids)
        async with carnet.client() as client:
            trip = await carnet.new_trip(client)
            written = await fill(client, trip)
            assert written, "it was full from the start"

            # Reading goes on, and refusals do not pile up into something worse.
            for _ in range(3):
                answers = await asyncio.gather(
                    *(client.post(f"{trip}/map-pins", big("refused")) for _ in range(20))
                )
                for answer in answers:
                    check_unavailable(answer)
            assert (await client.get("/me")).status == 200
            assert await names(client, trip) == written

            body = {"mapPins": [bulky(f"import-{n}", rng) for n in range(50)]}
            check_unavailable(await client.post(f"{trip}/sync", body))
            queued = await queue_small(client, trip)

            disk.make_room(pids)
            after = await client.post(f"{trip}/map-pins", big("after"))
            assert after.status == 201, after.raw
            imported = await client.post(f"{trip}/sync", body)
            assert imported.status == 200, imported.raw
            if queued is not None:
                await until(lambda: succeeded(client, queued))
            found = await names(client, trip)
            later = ["after", *(f"import-{n}" for n in range(50)), *(["queued"] * bool(queued))]
            assert found[: len(written)] == written
            assert sorted(found[len(written) :]) == sorted(later)
        assert await carnet.server.stop() == 0
        assert not carnet.server.events("request_crashed")
    with contextlib.closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


async def queue_small(client, trip: str) -> str | None:
    """The path of a job that found room though its effects have none, if it did."""
    headers = {"Prefer": "respond-async"}
    answer = await client.post(f"{trip}/sync", {"mapPins": [big("queued")]}, headers=headers)
    if answer.status != 202:
        check_unavailable(answer)
        return None
    return f"/jobs/{answer.json['_id']}"


async def succeeded(client, job: str) -> bool:
    return bool((await client.get(job)).json["status"] == "succeeded")


async def fill(client, trip: str) -> list[str]:
    """Writes until it is refused; the names of what was acknowledged."""
    written: list[str] = []
    while True:
        name = f"pin-{len(written):04}"
        answer = await client.post(f"{trip}/map-pins", big(name))
        if answer.status != 201:
            check_unavailable(answer)
            return written
        written.append(name)
        assert len(written) < 2000, "the disk does not get full"


def big(name: str):
    return {**pin(name), "notes": "n" * 9000}


def bulky(name: str, rng: random.Random):
    """As large when it is compressed."""
    return {**pin(name), "notes": rng.randbytes(4500).hex()}


async def names(client, trip: str) -> list[str]:
    pages = await client.pages(f"{trip}/map-pins", 200)
    return [row["name"] for page in pages for row in page]
