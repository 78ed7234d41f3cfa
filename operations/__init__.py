"""What can be done with Carnet: `(tx, cause or actor, input) -> result`, without HTTP.

The API, and whatever else people and programs come by, are thin callers of these. An operation
awaits nothing but its transaction, and may be run again when it meets another one's write. What is
read to be written is read after `storage.changes.begin`.
"""
