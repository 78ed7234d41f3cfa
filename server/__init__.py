"""The HTTP API: routes, what comes before an operation, and thin handlers."""
