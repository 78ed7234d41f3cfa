"""A server of the release before, as the statements that it sends to a Postgres."""

from typing import Any

import asyncpg
import msgspec

from runtime.ids import new_id
from tests.support import SAMPLES, World, now

PIN = SAMPLES["mapPin"]

LOCK = "SELECT rev FROM trips WHERE id = $1 FOR UPDATE"
RAISE = "UPDATE trips SET rev = rev + 1 WHERE id = $1 RETURNING rev"
FIND = "SELECT id, doc FROM items WHERE trip_id = $1 AND kind = 'mapPin' AND client_ref = $2"
GET = "SELECT doc FROM items WHERE trip_id = $1 AND id = $2"
LIST = (
    "SELECT sort_key, id, doc FROM items WHERE trip_id = $1 AND kind = 'mapPin' AND parent_id = ''"
    " AND (sort_key, id) > ('', '') ORDER BY sort_key, id LIMIT 201"
)
INSERT = (
    "INSERT INTO items (trip_id, kind, parent_id, sort_key, id, client_ref, rev, doc)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
)
CREATE = (
    "WITH free AS (SELECT 1 AS free WHERE NOT EXISTS (SELECT 1 FROM items WHERE trip_id = $1"
    " AND client_ref = $6 AND kind = $2 AND parent_id = $3)), bumped AS (UPDATE trips SET rev ="
    " rev + 1 WHERE id = $1 AND EXISTS (SELECT 1 FROM free) RETURNING rev), stored AS (INSERT INTO"
    " items (trip_id, kind, parent_id, sort_key, id, client_ref, rev, doc) SELECT $1, $2, $3, $4,"
    " $5, $6, rev, $7 FROM bumped RETURNING rev) SELECT * FROM stored"
)
CREATE_WITH_KEY = (
    "WITH free AS (SELECT 1 AS free WHERE NOT EXISTS (SELECT 1 FROM items WHERE trip_id = $1"
    " AND client_ref = $6 AND kind = $2 AND parent_id = $3) AND NOT EXISTS (SELECT 1 FROM"
    " idempotency WHERE api_key_id = $8 AND idempotency_key = $9)), bumped AS (UPDATE trips SET"
    " rev = rev + 1 WHERE id = $1 AND EXISTS (SELECT 1 FROM free) RETURNING rev), remembered AS"
    " (INSERT INTO idempotency (api_key_id, idempotency_key, fingerprint, status, headers, body,"
    " created_at) SELECT $8, $9, $10, $11, replace($12, '{rev}', CAST(rev AS TEXT)), $13, $14 FROM"
    " bumped RETURNING status), stored AS (INSERT INTO items (trip_id, kind, parent_id, sort_key,"
    " id, client_ref, rev, doc) SELECT $1, $2, $3, $4, $5, $6, rev, $7 FROM bumped RETURNING rev)"
    " SELECT * FROM stored"
)
UPDATE = (
    "UPDATE items SET parent_id = $1, sort_key = $2, client_ref = $3, rev = $4, doc = $5"
    " WHERE trip_id = $6 AND id = $7"
)
DELETE = (
    "DELETE FROM items WHERE trip_id = $1 AND id = ANY"
    " (ARRAY(SELECT json_array_elements_text($2::json)))"
)
UPDATE_TRIP = "UPDATE trips SET doc = $1, rev = rev + 1 WHERE id = $2 RETURNING rev"
INSERT_TRIP = "INSERT INTO trips (id, group_id, rev, doc) VALUES ($1, $2, 1, $3)"
INSERT_MEMBER = (
    "INSERT INTO group_members (group_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)"
)
RAISE_ALL = "UPDATE trips SET rev = rev + 1 WHERE group_id = $1"
RESERVE = (
    "INSERT INTO idempotency (api_key_id, idempotency_key, fingerprint, created_at)"
    " VALUES ($1, $2, $3, $4) ON CONFLICT (api_key_id, idempotency_key) DO UPDATE SET"
    " fingerprint = excluded.fingerprint, created_at = excluded.created_at, status = NULL,"
    " headers = NULL, body = NULL, job_id = NULL WHERE idempotency.created_at <= $5 RETURNING 1"
)
REMEMBER = (
    "UPDATE idempotency SET status = $1, headers = $2, body = $3, job_id = $4"
    " WHERE api_key_id = $5 AND idempotency_key = $6"
)
FIND_ANSWER = (
    "SELECT fingerprint, status, headers, body, job_id FROM idempotency"
    " WHERE api_key_id = $1 AND idempotency_key = $2 AND created_at > $3"
)
INSERT_JOB = (
    "INSERT INTO jobs (user_id, id, trip_id, kind, params, payload, status, total, due_at,"
    " created_at) SELECT $1, $2, $3, $4, $5, $6, 'queued', $7, $8, $9 WHERE (SELECT count(*) FROM"
    " (SELECT 1 FROM jobs WHERE user_id = $1 AND status IN ('queued', 'running') LIMIT 1000)"
    " AS unfinished) < 1000"
)
CLAIM = (
    "UPDATE jobs SET status = 'running', attempts = attempts + 1, due_at = $1,"
    " started_at = coalesce(started_at, $2) WHERE (user_id, id) = (SELECT user_id, id FROM jobs"
    "  WHERE status IN ('queued', 'running') AND due_at <= $3 ORDER BY due_at, id LIMIT 1"
    "  FOR UPDATE SKIP LOCKED)"
    " RETURNING user_id, id, trip_id, params, payload, total, attempts, created_at"
)
SUCCEED = (
    "UPDATE jobs SET status = 'succeeded', done = total, payload = NULL, finished_at = $4,"
    " result_status = $5, packed_result = $6"
    " WHERE user_id = $1 AND id = $2 AND attempts = $3 AND status = 'running'"
)
OUTCOME = (
    "SELECT result_status, result, packed_result, error FROM jobs"
    " WHERE user_id = $1 AND id = $2 AND status IN ('succeeded', 'failed')"
)


class OlderServer:
    """What a server of the release before does in a trip."""

    def __init__(self, connection: asyncpg.Connection, world: World, key_id: str) -> None:
        self.connection = connection
        self._world = world
        self.key_id = key_id

    @property
    def _trip_id(self) -> str:
        return self._world.trip_id

    def pin(self, **change: Any) -> tuple[str, dict[str, Any]]:
        """A new pin's id and document."""
        row_id, moment = new_id(), now()
        fields = {**PIN, **change}
        stamps = {"createdAt": moment, "updatedAt": moment}
        return row_id, {"_id": row_id, "tripId": self._trip_id, **fields, **stamps}

    async def create(self, **change: Any) -> str | None:
        """The id of a new pin, by one statement; None where its clientRef is taken."""
        row_id, document = self.pin(**change)
        stored = await self.connection.fetchrow(
            CREATE,
            *(self._trip_id, "mapPin", "", "", row_id, change.get("clientRef"), encoded(document)),
        )
        return row_id if stored else None

    async def upsert(self, client_ref: str, **change: Any) -> str:
        """A merge into the pin with a clientRef, or a new one; as in a batch or a sync."""
        async with self.connection.transaction():
            await self.connection.fetchval(LOCK, self._trip_id)
            found = await self.connection.fetchrow(FIND, self._trip_id, client_ref)
            rev = await self.connection.fetchval(RAISE, self._trip_id)
            if found is not None:
                row_id, document = found["id"], {**msgspec.json.decode(found["doc"]), **change}
                await self.connection.executemany(
                    UPDATE,
                    [("", "", client_ref, rev, encoded(document), self._trip_id, row_id)],
                )
                return str(row_id)
            row_id, document = self.pin(clientRef=client_ref, **change)
            await self.connection.execute(
                INSERT,
                *(self._trip_id, "mapPin", "", "", row_id, client_ref, rev, encoded(document)),
            )
            return row_id

    async def delete(self, row_id: str) -> None:
        async with self.connection.transaction():
            await self.connection.fetchval(LOCK, self._trip_id)
            await self.connection.fetchval(RAISE, self._trip_id)
            await self.connection.execute(DELETE, self._trip_id, encoded([row_id]))

    async def names(self) -> list[str]:
        """The names of the trip's pins as a list shows them."""
        found = await self.connection.fetch(LIST, self._trip_id)
        return [msgspec.json.decode(row["doc"])["name"] for row in found]

    async def answer(self, key: str) -> Any:
        """What is remembered of an Idempotency-Key."""
        return await self.connection.fetchrow(FIND_ANSWER, self.key_id, key, 0.0)


def encoded(value: Any) -> str:
    return msgspec.json.encode(value).decode()
