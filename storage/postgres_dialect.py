"""What Postgres says in other words than SQLite."""

from pathlib import Path

import asyncpg

from storage.store import Dialect

DIALECT = Dialect(
    name="postgres",
    migrations=Path(__file__).parent / "migrations" / "postgres",
    # Made an array first: as a subquery it would be joined, and expanded again for every row.
    among=lambda parameter: f"= ANY (ARRAY(SELECT json_array_elements_text({parameter}::json)))",
    # As a mere IN it could be made a join, by any method; this is always a hashed subplan.
    one_of=lambda column, parameter: (
        f"({column} IN (SELECT json_array_elements_text({parameter}::json))) IS TRUE"
    ),
    # OFFSET keeps the planner from a plan of its own: on a table it knows nothing of yet, that
    # would compare all rows with all values.
    each=lambda columns, column, parameter: (
        f"SELECT {columns} FROM json_array_elements_text({parameter}::json) AS wanted (value)"
        f" CROSS JOIN LATERAL (SELECT {columns} FROM items WHERE trip_id = $1"
        f" AND {column} = wanted.value OFFSET 0) AS found WHERE true"
    ),
    by_index=lambda _index: "",
    join=lambda column: f"string_agg({column}, ',')",
    rows=lambda columns: f"json_agg(json_build_array({columns}))::text",
    one_statement=True,
    lock="FOR UPDATE",
    skip_locked="FOR UPDATE SKIP LOCKED",
    migration_lock="SELECT pg_advisory_xact_lock(hashtext('carnet migrations'))",
    integrity_check="",
    has_table="SELECT to_regclass($1::text) IS NOT NULL",
    refused=asyncpg.PostgresError,
)
