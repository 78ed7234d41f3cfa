"""The HTTP API: thin callers of the operations, one file for each noun."""
