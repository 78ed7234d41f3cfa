"""Bringing a database to the current schema, with a copy of how it was before."""

import dataclasses
import re
from pathlib import Path
from typing import Final

from storage.backups import back_up, copier_of
from storage.copying import Copier
from storage.migrate import Applied, applied, migrate, missing_after
from storage.store import Store

KEPT: Final = 3
"""Copies that stay, of the latest migrations. Each has as much as the database had then."""


@dataclasses.dataclass(frozen=True)
class Upgrade:
    """What is applied to a database, and before that copied."""

    migrations: list[str]
    copy: Path | None
    """Where the copy is; None where operators make their own, or there was nothing to copy."""


async def upgrade(store: Store, url: str, now: str) -> Upgrade:
    """Applies what is missing, all in one transaction.

    `BackupError` where there is no room for the copy: then nothing is applied.
    """
    copier = copier_of(url)
    ahead = _ahead(copier, await store.read(applied))
    if ahead.copy is not None:
        await back_up(copier, ahead.copy)
        _drop_oldest(ahead.copy)
    return dataclasses.replace(ahead, migrations=await migrate(store, now))


async def planned(url: str) -> Upgrade:
    """What `upgrade` would do; the database need not be there, and nothing is changed."""
    copier = copier_of(url)
    return _ahead(copier, await copier.had())


def _ahead(copier: Copier, had: list[Applied]) -> Upgrade:
    missing = [migration.name for migration in missing_after(had, copier.migrations)]
    return Upgrade(missing, copier.place_before(missing[0]) if had and missing else None)


def _drop_oldest(latest: Path) -> None:
    """Removes copies but for the one just made and those made last before it.

    Their numbers do not tell the order: a database may be moved away, and an older one come back.
    """
    start = latest.name.rpartition("-")[0]
    pattern = re.compile(rf"{re.escape(start)}-\d{{4}}")
    others = [
        each
        for each in latest.parent.iterdir()
        if pattern.fullmatch(each.name) and each.name != latest.name
    ]
    others.sort(key=lambda each: (each.stat().st_mtime_ns, each.name))
    for old in others[: 1 - KEPT]:
        old.unlink()
