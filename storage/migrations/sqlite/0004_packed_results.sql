-- A job's result as its payload is stored: compressed, so that a tenth is written and read.
-- Results of before stay in result.
ALTER TABLE jobs ADD COLUMN packed_result BLOB;
