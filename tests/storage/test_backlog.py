"""What waits in the database, as the metrics tell it, on every backend."""

import re

from storage import job_claims, open_store, server_state
from storage.backlog import Backlog, UnfinishedJobs, backlog
from storage.migrate import migrate, migrations_in
from storage.server_state import LastBackup
from tests.storage.home import new_home
from tests.storage.test_job_rows import T0, claimed, queue
from tests.storage.test_query_plans import plans_of
from tests.support import now


async def waiting(home, moment: float = T0) -> Backlog:
    found: Backlog = await home.store.read(lambda tx: backlog(tx, moment))
    return found


async def test_nothing_waits_in_a_new_database(home):
    schema = len(migrations_in(home.store.dialect.migrations))
    assert await waiting(home) == Backlog([], 0, schema, None)


async def test_jobs_are_counted_by_kind_and_state(home):
    await queue(home, T0)
    claim = await claimed(home, T0)
    await queue(home, T0 + 5)
    await queue(home, T0 + 3)
    await queue(home, T0 + 7, kind="undo")
    found = await waiting(home, T0 + 4)
    assert sorted(found.jobs) == [
        UnfinishedJobs("sync", 2, 1, T0 + 3),
        UnfinishedJobs("undo", 1, 0, T0 + 7),
    ]
    # A lease that has run out is a job that waits.
    later = await waiting(home, T0 + job_claims.LEASE_SECONDS + 1)
    assert sorted(later.jobs)[0] == UnfinishedJobs("sync", 3, 0, T0 + 3)
    await home.store.write(lambda tx: job_claims.succeed(tx, claim, now(), 200, b"{}"))
    ended = await waiting(home, T0 + 4)
    assert sorted(ended.jobs)[0] == UnfinishedJobs("sync", 2, 0, T0 + 3)


async def test_the_last_backup_is_told(home):
    made = LastBackup(at=int(T0), bytes=12_345)
    await home.store.write(lambda tx: server_state.note_backup(tx, made))
    assert (await waiting(home)).last_backup == made


NOT_DONE = ("deliveries_due", "jobs_due", "jobs_due_by_kind")
"""Indexes of what is not done."""


async def test_what_is_done_is_not_looked_at(tmp_path):
    store = await open_store(f"sqlite:///{tmp_path}/carnet.db")
    await migrate(store, now())
    home = await new_home(store)
    statements = await plans_of(home, "read", lambda tx: backlog(tx, T0))
    steps = [step for sql, plan in statements for step in plan if re.search("jobs|deliver", sql)]
    through = [step for step in steps if re.search("(SCAN|SEARCH) (jobs|deliveries)", step)]
    assert len(through) == 3
    assert all(re.search(rf"INDEX ({'|'.join(NOT_DONE)})\b", step) for step in through)
    await store.close()
