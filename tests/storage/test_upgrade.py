"""What was released stays what it was, and a database of any release becomes a present one."""

import zlib
from collections import defaultdict
from typing import Any, get_args

import msgspec
import pytest

from domain.account import key_hash
from domain.actor import TripAccess
from domain.resources import ACTION_ITEM, COMMITMENT, LEG, MAP_PIN, STAY
from domain.revisions import Revisions
from domain.scopes import Role
from storage import (
    idempotency,
    items,
    job_claims,
    jobs,
    keys,
    server_state,
    shares,
    snapshots,
    trips,
)
from storage.idempotency import Answer, KeyTaken, Protection
from storage.migrate import is_current, migrate, migrations_in
from storage.store import Record, Store, Tx
from tests.storage.releases import DATA, KEY, LATER, LATER_UNIX, MIGRATIONS, TRIP
from tests.storage.schema import CATALOGUES, TABLES, VIEWS, Table, shape
from tests.support import now

RELEASED = {
    "sqlite/0001_first": "837403a082d2eb220fbd7ac0265badf751e78db12f3c7bedb3b59e29e432226b",
    "postgres/0001_first": "88332145b48185ad9a9cb1505c03015f9468b67176314b8a893a0770084e5e81",
    "sqlite/0002_idempotency": "5382c14f2d2417d7936984659bccf66c09a62e1dad81f9176c0c047f691d20c6",
    "postgres/0002_idempotency": "94a5fd655f693f8ad057cc06ddcad700e1b6093d2e2a53fe43ab0e955b81de72",
    "sqlite/0003_client_refs": "99c45b832d46f213c67030df1e8c84c4ea56ac948cea889ee8e71b7feec4da32",
    "postgres/0003_client_refs": "99c45b832d46f213c67030df1e8c84c4ea56ac948cea889ee8e71b7feec4da32",
    "sqlite/0004_packed_results": (
        "5ee48068ba91c08c655c948afa582144a260ad4ff86613dfab6cc2d698682072"
    ),
    "postgres/0004_packed_results": (
        "e0e61d9c6cfc3156e1a58554a5f3e85bdd91fec2fda88dd7651ed400b0e03176"
    ),
}
"""The checksums of released migrations: each release adds its own."""

RESULT = "SELECT result, packed_result FROM jobs WHERE id = $1"


async def rows(store: Store, tables: dict[str, Table]) -> dict[str, list[Record]]:
    """All there is in these columns of these tables."""

    async def look(tx: Tx) -> dict[str, list[Record]]:
        return {
            name: sorted(await tx.fetch(f"SELECT {', '.join(columns)} FROM {name}"), key=repr)
            for name, (columns, _) in tables.items()
        }

    return await store.read(look)


@pytest.mark.parametrize("name", RELEASED)
def test_a_released_migration_never_changes(name):
    folder, _, stem = name.partition("/")
    checksums = {found.name: found.checksum for found in migrations_in(MIGRATIONS / folder)}
    assert checksums.get(stem) == RELEASED[name], (
        f"{name}.sql was released: it never changes, since databases that have it are refused then."
        " Put the change into a new migration."
    )


def test_backends_have_the_same_migrations():
    sqlite, postgres = (migrations_in(MIGRATIONS / backend) for backend in CATALOGUES)
    assert [found.name for found in sqlite] == [found.name for found in postgres]


@pytest.mark.parametrize("backend", CATALOGUES)
def test_there_is_data_of_the_last_release(backend):
    released = max(name for name in RELEASED if name.startswith(f"{backend}/"))
    assert released.startswith(f"{backend}/{DATA[-1].stem}_")


async def test_a_new_database_has_the_shape_the_program_expects(store):
    tables, views = await shape(store)
    assert tables == TABLES
    assert views == VIEWS


async def test_an_upgraded_database_has_the_shape_of_a_new_one(upgraded):
    tables, views = await shape(upgraded)
    assert tables == TABLES
    assert views == VIEWS


async def test_an_upgrade_keeps_every_row(old):
    tables, _ = await shape(old)
    kept = {
        name: Table(
            {each: text for each, text in columns.items() if each in TABLES[name].columns}, parts
        )
        for name, (columns, parts) in tables.items()
    }
    before = await rows(old, kept)
    assert all(before.values())
    assert not await is_current(old)
    assert await migrate(old, now())
    assert await is_current(old)
    assert await rows(old, kept) == before


async def test_an_upgraded_database_is_read(upgraded):
    async def look(tx: Tx) -> None:
        caller = await keys.authenticate(tx, key_hash(KEY), TRIP)
        assert caller is not None
        assert caller.trip == TripAccess(Revisions(14, 14, 14, 14), 0, Role.OWNER)
        page = await trips.page(tx, caller.actor.user, among=None, after=None, limit=1)
        assert msgspec.json.decode(page.documents[0])["_id"] == TRIP
        assert [key.revoked_at for key in await keys.list_all(tx)].count(None) == 4
        whole = await snapshots.of_trip(tx, TRIP, (LEG, STAY, MAP_PIN, ACTION_ITEM, COMMITMENT))
        assert all(whole.rows.values())
        assert len(whole.members) == 3

    await upgraded.read(look)


async def test_the_link_of_an_upgraded_database_opens_its_trip(old):
    token = await old.read(lambda tx: tx.fetchval("SELECT token FROM shares"))
    await migrate(old, now())
    secret = await old.write(server_state.signing_secret)

    async def look(tx: Tx) -> None:
        share = await shares.active(tx, TRIP, secret)
        assert share is not None
        assert share.token == token
        assert await snapshots.of_share(tx, token, (LEG,)) is not None

    await old.read(look)


async def test_items_of_an_upgraded_database_are_listed(upgraded):
    async def look(tx: Tx) -> None:
        lists = defaultdict(list)
        stored = "SELECT kind, parent_id, id FROM items WHERE trip_id = $1 ORDER BY sort_key, id"
        for kind, parent_id, item_id in await tx.fetch(stored, TRIP):
            lists[kind, parent_id].append(item_id)
        assert len(lists) == 7
        for (kind, parent_id), ids in lists.items():
            page = await items.page(tx, TRIP, kind, parent_id, after=None, limit=100)
            assert [msgspec.json.decode(text)["_id"] for text in page.documents] == ids

    await upgraded.read(look)


async def test_jobs_of_an_upgraded_database_are_read_and_done(upgraded):
    async def look(tx: Tx) -> None:
        stored = await tx.fetch("SELECT user_id, id FROM jobs")
        found = [await jobs.get(tx, *ids) for ids in stored]
        assert {job.status for job in found if job} == set(get_args(jobs.Status))

    await upgraded.read(look)
    claim = await upgraded.write(lambda tx: job_claims.claim_next(tx, "batch", LATER, LATER_UNIX))
    assert (claim.trip_id, claim.attempt) == (TRIP, 2)
    assert (claim.key_id, claim.request_id) == (None, None)
    assert msgspec.json.decode(claim.params)["resource"] == "stay"
    assert msgspec.json.decode(jobs.unpack(claim.payload))["items"][0]["name"] == "É"
    await upgraded.write(lambda tx: job_claims.succeed(tx, claim, LATER, 200, b"{}"))
    # By a server of that release, too, which may still be waiting for it.
    text, packed = await upgraded.read(lambda tx: tx.fetchrow(RESULT, claim.job_id))
    if claim.payload.startswith(b"{"):
        assert (text, packed) == ("{}", None)
    else:
        assert (text, zlib.decompress(packed)) == (None, b"{}")


async def test_first_answers_of_an_upgraded_database_are_remembered(upgraded):
    caller = await upgraded.read(lambda tx: keys.authenticate(tx, key_hash(KEY), ""))
    key_id = caller.actor.idempotency_scope

    async def find(key: str) -> Any:
        return await upgraded.read(
            lambda tx: idempotency.find(tx, key_id, key, LATER_UNIX - 86_400)
        )

    settled = (await find("settled")).answer
    assert (settled.status, settled.headers) == (201, {"ETag": '"13"'})
    assert msgspec.json.decode(settled.body)["name"] == "Tower"
    assert (await find("no-body")).answer == Answer(204, {}, b"")
    assert (await find("job-result")).answer == Answer(200, {}, None)
    assert (await find("job-settled")).answer.status == 202
    pending = await find("job-open")
    assert (pending.answer, bool(pending.job_id)) == (None, True)

    def remember(key: str):
        protection = Protection(key_id, key, "f", LATER_UNIX, LATER_UNIX - 86_400)
        return lambda tx: idempotency.remember(tx, protection, Answer(200, {}, b"{}", rev=3))

    with pytest.raises(KeyTaken):
        await upgraded.write(remember("settled"))
    await upgraded.write(remember("new"))
    assert (await find("new")).answer.rev == 3
    await upgraded.write(lambda tx: idempotency.forget_job(tx, pending.job_id))
    assert await find("job-open") is None
