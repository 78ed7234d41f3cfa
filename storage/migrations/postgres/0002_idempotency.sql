-- A key is revoked and never deleted, and the check locks the key's row for each record, which is
-- a write to that row.
ALTER TABLE idempotency DROP CONSTRAINT idempotency_api_key_id_fkey;
