"""Servers and workers of the release before, which knew imports only, beside present ones.

The statements are that release's, to the letter.
"""

import msgspec
import pytest

from domain.imports import ImportRequest
from runtime.ids import new_id
from runtime.signals import LocalSignals
from storage import jobs
from storage.store import Tx
from tests.storage.home import pin, stay
from tests.support import now
from tests.workers.work import queue, run_next
from workers.kinds import KINDS

INSERT = (
    "INSERT INTO jobs (user_id, id, trip_id, kind, params, payload, status, total, due_at,"
    " created_at) SELECT $1, $2, $3, $4, $5, $6, 'queued', $7, $8, $9"
    " WHERE (SELECT count(*) FROM (SELECT 1 FROM jobs WHERE user_id = $1"
    " AND status IN ('queued', 'running') LIMIT 1000) AS unfinished)"
    " < 1000"
)
OUTCOME = (
    "SELECT result_status, result, packed_result, error FROM jobs"
    " WHERE user_id = $1 AND id = $2 AND status IN ('succeeded', 'failed')"
)
NEXT_DUE = "SELECT min(due_at) FROM jobs WHERE status IN ('queued', 'running')"
CLAIM = (
    "UPDATE jobs SET status = 'running', attempts = attempts + 1, due_at = $1,"
    " started_at = coalesce(started_at, $2)"
    " WHERE (user_id, id) = (SELECT user_id, id FROM jobs"
    "  WHERE status IN ('queued', 'running') AND due_at <= $3 ORDER BY due_at, id LIMIT 1"
    "  {skip_locked})"
    " RETURNING user_id, id, trip_id, params, payload, total, attempts, created_at"
)
SUCCEED = (
    "UPDATE jobs SET status = 'succeeded', done = total, payload = NULL, finished_at = $4,"
    " result_status = $5, packed_result = $6"
    " WHERE user_id = $1 AND id = $2 AND attempts = $3 AND status = 'running'"
)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("request_", "body"),
    [
        (ImportRequest("sync"), {"mapPins": [pin()]}),
        (ImportRequest("batch", "mapPin"), {"items": [pin()]}),
        (ImportRequest("batch", "stay", "gone"), {"items": [stay()]}),
    ],
)
async def test_a_job_of_an_older_server_is_done_and_its_end_read_there(
    home, request_, body, packed
):
    job_id, raw = new_id(), msgspec.json.encode(body)
    params = msgspec.json.encode(request_).decode()
    payload = jobs.pack(raw) if packed else raw
    values = (home.trip_id, request_.kind, params, payload, 1, 0.0, now())
    await home.store.write(lambda tx: tx.execute(INSERT, home.user_id, job_id, *values))
    assert await run_next(home.store, LocalSignals(), KINDS)
    found = await home.store.read(lambda tx: tx.fetchrow(OUTCOME, home.user_id, job_id))
    assert found is not None
    status, text, packed_result, error = found
    if request_.parent_id:
        assert (status, msgspec.json.decode(error)["code"]) == (404, "NOT_FOUND")
        return
    assert (status, error) == (200, None)
    assert (text is None, packed_result is None) == (packed, not packed)
    result = jobs.unpack(packed_result) if packed else text.encode()
    assert b'"status":"created"' in result
    assert len(await home.rows("mapPins")) == 1


async def test_a_job_of_a_present_server_is_done_by_an_older_worker(home):
    request = ImportRequest("batch", "mapPin", dry_run=True)
    job_id = await queue(home, {"items": [pin()]}, request)
    assert await home.store.read(lambda tx: tx.fetchval(NEXT_DUE)) == 0.0

    async def work(tx: Tx) -> None:
        claim = CLAIM.format(skip_locked=tx.dialect.skip_locked)
        record = await tx.fetchrow(claim, 10.0, now(), 1.0)
        assert record is not None
        user_id, found, trip_id, params, payload, total, attempt, _ = record
        assert (user_id, found, trip_id, total) == (home.user_id, job_id, home.trip_id, 1)
        assert msgspec.json.decode(params, type=ImportRequest) == request
        assert msgspec.json.decode(payload) == {"items": [pin()]}
        ids = (user_id, job_id, attempt)
        assert await tx.execute(SUCCEED, *ids, now(), 200, jobs.pack(b'{"created": 1}'))

    await home.store.write(work)
    job = await home.store.read(lambda tx: jobs.get(tx, home.user_id, job_id))
    assert job is not None
    assert (job.status, job.progress) == ("succeeded", jobs.Progress(1, 1))
    assert msgspec.json.decode(job.result) == {"created": 1}
