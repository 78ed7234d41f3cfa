-- Jobs and shares are written under the lock of their trip (storage/changes.py), and a trip is deleted
-- together with them (storage/removal.py). A database of several machines, which is split by trip, can
-- have no foreign key to trips from tables that are not (ops/citus.sql).
ALTER TABLE jobs DROP CONSTRAINT jobs_trip_id_fkey;
ALTER TABLE shares DROP CONSTRAINT shares_trip_id_fkey;
