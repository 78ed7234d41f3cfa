"""`carnet backup` and `carnet restore` where there is no room: one line, and nothing half done."""

import contextlib
import os
import re
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests import servers
from tests.carnet.commands import Commands
from tests.carnet.test_backup_and_restore import is_empty, state

MEGABYTES = 3
LARGEST_FILE = 40_000
"""Bytes: less than any backup has, and more than what SQLite has beside a database."""

Full = Callable[[], AbstractContextManager[None]]


def mounted(place: Path) -> bool:
    """Whether a small file system could be mounted, for which one must be root."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m,mode=700", "none", str(place)]
    return (
        os.geteuid() == 0 and not subprocess.run(mount, check=False, capture_output=True).returncode
    )


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder that may be on a disk of its own."""
    made = tmp_path / "place"
    made.mkdir()
    return made


@pytest.fixture(params=["disk", "files"])
def full(request: pytest.FixtureRequest, place: Path) -> Iterator[Full]:
    """No room is left there inside the block: on the disk, or in any file where none is mounted."""

    @contextlib.contextmanager
    def disk() -> Iterator[None]:
        ballast = place / "ballast"
        with contextlib.suppress(OSError), ballast.open("wb", 0) as file:
            while True:
                file.write(bytes(4096))
        try:
            yield
        finally:
            ballast.unlink()

    @contextlib.contextmanager
    def files() -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    if request.param == "disk" and mounted(place):
        try:
            yield disk
        finally:
            subprocess.run(["umount", str(place)], check=True)
    else:
        yield files


@pytest.fixture
def backup(full: Full, place: Path, carnet: Commands, storage_url: str, monkeypatch) -> Path:
    """One for which there was room, of a database elsewhere."""
    monkeypatch.setenv("PATH", servers.client_programs())
    monkeypatch.setenv("CARNET_STORAGE__URL", storage_url)
    assert carnet("init").code == 0
    assert carnet("backup", str(place / "carnet.backup")).code == 0
    return place / "carnet.backup"


@pytest.mark.parametrize("name", ["carnet.backup", "another.backup"])
def test_a_backup_that_has_no_room_leaves_what_was_there(
    carnet, full, place, backup, storage_url, name
):
    whole, before = backup.read_bytes(), state(storage_url)
    with full():
        refused = carnet("backup", str(place / name), "--force")
    assert refused.code == 1
    assert f"cannot make {place / name}: " in refused.line
    assert re.search("disk|No space left|pg_dump ended with", refused.line)
    assert [each.name for each in place.iterdir()] == ["carnet.backup"]
    assert backup.read_bytes() == whole
    assert state(storage_url) == before
    assert carnet("backup", str(backup), "--force").code == 0


@pytest.mark.parametrize("storage_url", ["sqlite"], indirect=True)
def test_a_restore_leaves_no_database(carnet, full, place, backup):
    elsewhere = f"sqlite:///{place}/new/carnet.db"
    with full():
        refused = carnet("restore", str(backup), CARNET_STORAGE__URL=elsewhere)
    assert (refused.code, "carnet.db" in refused.line) == (1, True)
    assert is_empty(elsewhere)
    assert carnet("restore", str(backup), CARNET_STORAGE__URL=elsewhere).code == 0
    assert carnet("key", "list", CARNET_STORAGE__URL=elsewhere).code == 0
