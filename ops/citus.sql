-- Carnet's schema on several machines, by Citus: not supported. What this does was seen on Citus 15 (its
-- development version), done by hand on an older schema: docs/scaling.md, section 5, has what was
-- seen and what was not.
--
-- On the coordinator, in the database of storage.url, which nothing is connected to yet:
--
--     CREATE EXTENSION citus;                                     -- on each machine
--     SELECT citus_set_coordinator_host('the coordinator');       -- it has copies of small tables too
--     SELECT citus_add_node('another machine', 5432);             -- each of them
--
--     carnet migrate
--     psql -v ON_ERROR_STOP=1 -f ops/citus.sql postgresql://...
--
-- It is one transaction: all of it is done, or nothing. A second time it refuses. Rows there are
-- already go where they belong, which takes as long as copying them, and nobody can write meanwhile;
-- that was not tried: have a backup.

BEGIN;

-- Foreign keys between tables of several kinds need one connection to each machine.
SET LOCAL citus.multi_shard_modify_mode TO 'sequential';

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_proc WHERE proname = 'create_distributed_table') THEN
        RAISE EXCEPTION 'there is no Citus here: CREATE EXTENSION citus comes first';
    END IF;
    IF to_regclass('schema_migrations') IS NULL THEN
        RAISE EXCEPTION 'there is no Carnet here: carnet migrate comes first';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_dist_node WHERE groupid = 0) THEN
        RAISE EXCEPTION 'Citus does not know its coordinator: citus_set_coordinator_host comes first';
    END IF;
    IF EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'trips'::regclass) THEN
        RAISE EXCEPTION 'the tables of this database are distributed already';
    END IF;
END
$$;

-- What workers take from, whoever's it is, stays on the coordinator, and with it what is looked up
-- with nothing else. A foreign key to a table of which all have a copy would make Citus plan their
-- statements. Users are never deleted: a row of theirs stays (storage/removal.py).
ALTER TABLE jobs DROP CONSTRAINT jobs_user_id_fkey;
ALTER TABLE webhooks DROP CONSTRAINT webhooks_user_id_fkey;

-- Read with each request, written rarely: each machine has a copy. First what others refer to.
SELECT create_reference_table('users');
SELECT create_reference_table('groups');
SELECT create_reference_table('group_members');
SELECT create_reference_table('api_keys');
SELECT create_reference_table('sessions');
SELECT create_reference_table('passkeys');
SELECT create_reference_table('identities');
SELECT create_reference_table('invites');
SELECT create_reference_table('resets');
SELECT create_reference_table('calendar_tokens');
-- Found by a hash that does not tell the trip.
SELECT create_reference_table('shares');

-- A trip is on one machine, with all that is in it.
SELECT create_distributed_table('trips', 'id', colocate_with => 'none');
SELECT create_distributed_table('items', 'trip_id', colocate_with => 'trips');
SELECT create_distributed_table('links', 'trip_id', colocate_with => 'trips');
SELECT create_distributed_table('changesets', 'trip_id', colocate_with => 'trips');
SELECT create_distributed_table('prior_rows', 'trip_id', colocate_with => 'trips');

-- Remembered answers are as many as the writes, and each is found by its key.
SELECT create_distributed_table('idempotency', 'api_key_id', colocate_with => 'none');

-- A table of a later migration has to be given a place: above, or among those that stay.
DO $$
DECLARE
    stay CONSTANT text[] := ARRAY[
        'jobs', 'webhooks', 'deliveries', 'counters', 'server_state', 'challenges', 'sign_in_failures',
        'schema_migrations'
    ];
    forgotten text;
BEGIN
    -- Citus' own parts of a table have its name and a number.
    SELECT string_agg(relname, ', ') INTO forgotten
    FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname !~ '_\d+$'
        AND relname <> ALL (stay)
        AND oid NOT IN (SELECT logicalrelid FROM pg_dist_partition);
    IF forgotten IS NOT NULL THEN
        RAISE EXCEPTION 'this script is older than the schema: it does not know of %', forgotten;
    END IF;
END
$$;

COMMIT;
