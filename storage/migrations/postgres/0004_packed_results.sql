-- A job's result as its payload is stored: compressed by the worker, for a tenth of what Postgres
-- takes to compress it, to log it and to hand it over. Results of before stay in result.
ALTER TABLE jobs ADD COLUMN packed_result BYTEA;

-- What is compressed already is not worth a try, which takes milliseconds.
ALTER TABLE jobs ALTER COLUMN payload SET STORAGE EXTERNAL;
ALTER TABLE jobs ALTER COLUMN packed_result SET STORAGE EXTERNAL;
