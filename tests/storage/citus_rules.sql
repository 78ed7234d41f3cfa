-- Functions of Citus that do nothing but refuse what Citus refuses, by its own words, and note the
-- rest. From its documentation ("Creating and Modifying Distributed Tables") and its source
-- (foreign_constraint.c, create_distributed_table.c).
CREATE SCHEMA citus;

-- The coordinator and another machine.
CREATE TABLE citus.pg_dist_node (groupid integer NOT NULL);
INSERT INTO citus.pg_dist_node VALUES (0), (1);

-- partmethod: h for distributed, n for others, of which repmodel t has a copy on each machine.
-- colocationid: the first table of its group.
CREATE TABLE citus.pg_dist_partition (
    logicalrelid regclass NOT NULL PRIMARY KEY,
    partmethod "char" NOT NULL,
    partkey smallint,
    colocationid regclass,
    repmodel "char" NOT NULL
);

-- A local table is managed when it is in the metadata: because of a foreign key.
CREATE FUNCTION citus.kind_of(name regclass) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(
        (
            SELECT CASE WHEN partmethod = 'h' THEN 'distributed'
                WHEN repmodel = 't' THEN 'reference' ELSE 'managed' END
            FROM citus.pg_dist_partition WHERE logicalrelid = name
        ),
        'local'
    )
$$;

CREATE FUNCTION citus.check_foreign_keys() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    fk record;
    named record;
    naming record;
BEGIN
    FOR fk IN
        SELECT conrelid::regclass AS a, citus.kind_of(conrelid) AS kind_a, conkey,
            confrelid::regclass AS b, citus.kind_of(confrelid) AS kind_b, confkey,
            confdeltype IN ('a', 'r') AND confupdtype IN ('a', 'r') AS changes_nothing
        FROM pg_constraint WHERE contype = 'f' ORDER BY oid
    LOOP
        IF fk.kind_b = 'distributed' AND fk.kind_a <> 'distributed' THEN
            RAISE EXCEPTION 'cannot create foreign key constraint since foreign keys from reference'
                ' tables and local tables to distributed tables are not supported (% to %)', fk.a, fk.b;
        ELSIF fk.kind_a = 'distributed' AND fk.kind_b IN ('local', 'managed') THEN
            RAISE EXCEPTION 'referenced table "%" must be a distributed table or a reference table',
                fk.b;
        ELSIF fk.kind_a = 'reference' AND fk.kind_b IN ('local', 'managed')
            AND NOT fk.changes_nothing THEN
            RAISE EXCEPTION 'cannot define foreign key constraint, foreign keys from reference tables'
                ' to citus local tables can only be defined with NO ACTION or RESTRICT behaviors';
        ELSIF fk.kind_a = 'distributed' AND fk.kind_b = 'distributed' THEN
            SELECT * INTO naming FROM citus.pg_dist_partition WHERE logicalrelid = fk.a;
            SELECT * INTO named FROM citus.pg_dist_partition WHERE logicalrelid = fk.b;
            IF naming.colocationid <> named.colocationid THEN
                RAISE EXCEPTION 'cannot create foreign key constraint since relations are not'
                    ' colocated or not referencing a reference table';
            ELSIF array_position(fk.conkey, naming.partkey)
                IS DISTINCT FROM array_position(fk.confkey, named.partkey)
                OR array_position(fk.conkey, naming.partkey) IS NULL THEN
                RAISE EXCEPTION 'foreign keys are supported in two cases, either in between two'
                    ' colocated tables including partition column in the same ordinal in the both'
                    ' tables or from distributed to reference tables';
            END IF;
        ELSIF 'local' IN (fk.kind_a, fk.kind_b) AND fk.kind_a <> fk.kind_b THEN
            INSERT INTO citus.pg_dist_partition
            SELECT each, 'n', NULL, NULL, 's' FROM unnest(ARRAY[fk.a, fk.b]) AS each
            ON CONFLICT DO NOTHING;
        END IF;
    END LOOP;
END
$$;

CREATE FUNCTION citus.place(
    name regclass, method "char", key smallint, with_table regclass, replication "char"
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF citus.kind_of(name) IN ('distributed', 'reference') THEN
        RAISE EXCEPTION 'table "%" is already distributed', name;
    END IF;
    -- One that is managed may become something else.
    DELETE FROM citus.pg_dist_partition WHERE logicalrelid = name;
    INSERT INTO citus.pg_dist_partition VALUES (name, method, key, with_table, replication);
    PERFORM citus.check_foreign_keys();
END
$$;

CREATE FUNCTION citus.create_reference_table(table_name regclass) RETURNS void LANGUAGE sql AS $$
    SELECT citus.place(table_name, 'n', NULL, NULL, 't')
$$;

CREATE FUNCTION citus.create_distributed_table(
    table_name regclass, distribution_column text, colocate_with text DEFAULT 'default'
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    key pg_attribute;
    other pg_attribute;
    unfit text;
BEGIN
    SELECT * INTO key FROM pg_attribute
    WHERE attrelid = table_name AND attname = distribution_column AND attnum > 0;
    IF key.attnum IS NULL THEN
        RAISE EXCEPTION 'column "%" of relation "%" does not exist', distribution_column, table_name;
    END IF;
    SELECT indexrelid::regclass::text INTO unfit FROM pg_index
    WHERE indrelid = table_name AND indisunique AND key.attnum <> ALL (indkey::smallint[]);
    IF unfit IS NOT NULL THEN
        RAISE EXCEPTION 'cannot create constraint on "%": distributed relations cannot have UNIQUE,'
            ' EXCLUDE, or PRIMARY KEY constraints that do not include the partition column (%)',
            table_name, unfit;
    END IF;
    IF colocate_with IN ('default', 'none') THEN
        PERFORM citus.place(table_name, 'h', key.attnum, table_name, 's');
        RETURN;
    END IF;
    SELECT a.* INTO other FROM citus.pg_dist_partition p
    JOIN pg_attribute a ON a.attrelid = p.logicalrelid AND a.attnum = p.partkey
    WHERE p.logicalrelid = colocate_with::regclass AND p.partmethod = 'h';
    IF other.attnum IS NULL THEN
        RAISE EXCEPTION 'relation % is not distributed', colocate_with;
    ELSIF (other.atttypid, other.attcollation) <> (key.atttypid, key.attcollation) THEN
        RAISE EXCEPTION 'cannot colocate tables % and %', colocate_with, table_name;
    END IF;
    PERFORM citus.place(table_name, 'h', key.attnum, colocate_with::regclass, 's');
END
$$;
