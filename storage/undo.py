"""What an undo has to know: what a changeset did, and what there is around those rows.

The number of statements does not grow with the number of rows. `storage.changes` writes.
"""

from collections.abc import Collection, Sequence
from typing import Final

from domain.resources import RESOURCES
from domain.row import Row
from domain.taking_back import Deed, Place, Version
from domain.trip import TRIP
from domain.undo_plan import Needs, Surroundings
from storage import items, trips
from storage.changes import json_array
from storage.store import Tx

_PER_ROW: Final = 5
"""What looking one up costs, in rows passed over."""


async def deeds(tx: Tx, trip_id: str, rev: int) -> list[Deed]:
    """What a changeset did, row by row; nothing of it is missing from the journal."""
    prior = await tx.fetch(
        "SELECT deleted, kind, id, parent_id, doc, sort_key, was_rev, client_ref, created_rev"
        " FROM prior_rows WHERE trip_id = $1 AND rev = $2",
        trip_id,
        rev,
    )
    before = {record[2]: Row(*record[1:]) for record in prior}
    deleted = {record[2] for record in prior if record[0]}
    present = {row.id: row for row in await items.last_written_at(tx, trip_id, rev)}
    replaced = await tx.fetch(
        "SELECT id, kind FROM prior_rows WHERE trip_id = $1 AND was_rev = $2", trip_id, rev
    )
    kinds = {row.id: row.kind for row in (*present.values(), *before.values())}
    kinds |= dict(replaced)  # type: ignore[arg-type]  # records of two
    later = await _later(tx, trip_id, rev, [row_id for row_id, _ in replaced], before.keys())
    if elsewhere := later.keys() | deleted:
        present |= {row.id: row for row in await items.by_ids(tx, trip_id, elsewhere)}
    if TRIP.kind in kinds.values():
        present[trip_id] = await trips.get(tx, trip_id)
    return [
        Deed(
            kind,
            row_id,
            before.get(row_id),
            row_id in deleted,
            present.get(row_id),
            later.get(row_id, ()),
        )
        for row_id, kind in kinds.items()
    ]


async def _later(
    tx: Tx, trip_id: str, rev: int, replaced: Sequence[str], updated: Collection[str]
) -> dict[str, list[Version]]:
    """The versions that later changesets have replaced, by row.

    Documents of rows that the changeset created are not looked into, and not read.
    """
    versions: dict[str, list[Version]] = {}
    if not replaced:
        return versions
    one_of = await _those_of(tx, trip_id, rev, len(replaced))
    created = [row_id for row_id in replaced if row_id not in updated]
    changed = [row_id for row_id in replaced if row_id in updated]
    for document, ids in (("''", created), ("doc", changed)):
        if ids:
            records = await tx.fetch(
                f"SELECT id, rev, deleted, was_rev, {document} FROM prior_rows"
                f" WHERE trip_id = $1 AND {one_of} ORDER BY id, rev",
                trip_id,
                rev,
                json_array(ids),
            )
            for row_id, at, deleted, was_rev, json in records:
                version = Version(at, bool(deleted), was_rev, json)
                versions.setdefault(row_id, []).append(version)
    return versions


async def _those_of(tx: Tx, trip_id: str, rev: int, wanted: int) -> str:
    """A condition on versions after a revision: that they are of the wanted rows.

    Where these are much of what came later, that is gone through once: looking each of them up,
    Postgres may take any index as long as it has no statistics.
    """
    enough = wanted * _PER_ROW
    sql = "SELECT 1 FROM prior_rows WHERE trip_id = $1 AND rev > $2 LIMIT $3"
    later = await tx.fetchval(f"SELECT count(*) FROM ({sql}) AS later", trip_id, rev, enough + 1)
    if later <= enough:
        return f"rev > $2 AND {tx.dialect.one_of('id', '$3')}"
    # The plus keeps the primary key from being used, which would go through all that came later.
    return f"+rev > $2 AND id {tx.dialect.among('$3')}"


async def surroundings(tx: Tx, trip_id: str, needs: Needs, ids: Collection[str]) -> Surroundings:
    """What there is around rows, of which `ids` are all that the changeset wrote."""
    near = await _below(tx, trip_id, needs) | await _linking(tx, trip_id, needs)
    neighbours = near.difference(ids)
    return Surroundings(
        await items.by_ids(tx, trip_id, neighbours) if neighbours else [],
        await _missing(tx, trip_id, needs.named),
        await _holders(tx, trip_id, needs.refs),
    )


async def _below(tx: Tx, trip_id: str, needs: Needs) -> set[str]:
    found: set[str] = set()
    for resource in RESOURCES:
        parents = needs.going.get(resource.parent.kind) if resource.parent else None
        if parents:
            records = await tx.fetch(
                "SELECT id FROM items WHERE trip_id = $1 AND kind = $2"
                f" AND parent_id {tx.dialect.among('$3')}",
                trip_id,
                resource.kind,
                json_array(parents),
            )
            found.update(row_id for (row_id,) in records)
    return found


async def _linking(tx: Tx, trip_id: str, needs: Needs) -> set[str]:
    kinds = {link.kind for resource in RESOURCES for link in resource.links}
    targets = [row_id for kind in kinds for row_id in needs.going.get(kind, ())]
    if not targets:
        return set()
    records = await tx.fetch(
        f"SELECT source_id FROM links WHERE trip_id = $1 AND target_id {tx.dialect.among('$2')}",
        trip_id,
        json_array(targets),
    )
    return {row_id for (row_id,) in records}


async def _missing(tx: Tx, trip_id: str, named: set[str]) -> set[str]:
    if not named:
        return named
    records = await tx.fetch(tx.dialect.each("id", "id", "$2"), trip_id, json_array(named))
    return named.difference(row_id for (row_id,) in records)


async def _holders(tx: Tx, trip_id: str, refs: dict[str, set[str]]) -> dict[Place, str]:
    sql = tx.dialect.each("kind, parent_id, client_ref, id", "client_ref", "$2")
    found: dict[Place, str] = {}
    for kind, wanted in refs.items():
        records = await tx.fetch(f"{sql} AND kind = $3", trip_id, json_array(wanted), kind)
        found |= {Place(*place): row_id for *place, row_id in records}
    return found
