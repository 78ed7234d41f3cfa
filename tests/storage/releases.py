"""Databases as programs of old left them."""

import contextlib
import dataclasses
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import storage
from storage import open_store
from storage.migrate import Migration, migrate
from storage.store import Store, Tx
from tests.support import now

MIGRATIONS: Final = Path(storage.__file__).parent / "migrations"

DATA = sorted((Path(__file__).parent / "released").glob("*.sql"))
"""One home's data in each released schema, by its number: each release that has one adds its own.

To read it again, the tests below know its key, its trip, and its Idempotency-Keys.
"""

KEY = "osk_lniJ4HlhYrSskdecbixbNErYddjpp8hgde0PTuWACc2"
TRIP = "1j10oopj5qgpn7ehotqcim20"
LATER = "2026-11-24T15:00:00.000Z"
LATER_UNIX = 1795532400.0
"""After all that is in the data, and before anything of it is forgotten."""


def first_migrations(backend: str, count: int, folder: Path) -> Path:
    """A folder with what a program of old had."""
    folder.mkdir()
    for path in sorted((MIGRATIONS / backend).glob("*.sql"))[:count]:
        shutil.copy(path, folder)
    return folder


BYTES = re.compile(r"BYTES'(?P<text>[^']*)'|HEX'(?P<hex>[0-9a-f]*)'")


def statements(data: Path) -> Iterator[tuple[str, list[bytes]]]:
    """The statements of a file, with the bytes in them as parameters."""
    for text in Migration(0, data.name, data.read_text(encoding="utf-8")).statements():
        values = [
            bytes.fromhex(found["hex"]) if found["text"] is None else found["text"].encode()
            for found in BYTES.finditer(text)
        ]
        for number in range(1, len(values) + 1):
            text = BYTES.sub(f"${number}", text, count=1)
        yield text, values


@contextlib.asynccontextmanager
async def opened(data: Path, storage_url: str, folder: Path) -> AsyncIterator[Store]:
    """A database with this data as its program left it, opened by the present one.

    `folder` is one that may be filled.
    """

    async def fill(tx: Tx) -> None:
        for statement, values in statements(data):
            await tx.execute(statement, *values)

    first = await open_store(storage_url)
    migrations = first_migrations(first.dialect.name, int(data.stem), folder / "old")
    first.dialect = dataclasses.replace(first.dialect, migrations=migrations)
    try:
        await migrate(first, now())
        await first.write(fill)
    finally:
        await first.close()
    present = await open_store(storage_url, create=False)
    try:
        yield present
    finally:
        await present.close()
