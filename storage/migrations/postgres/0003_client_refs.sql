-- With the kind behind the clientRef, no other index looks as good to a planner that knows nothing
-- of the table yet: the primary key's would go through all rows of the kind for each clientRef.
DROP INDEX items_by_client_ref;

CREATE UNIQUE INDEX items_by_client_ref ON items (trip_id, client_ref, kind, parent_id)
WHERE client_ref IS NOT NULL;
