"""Pages for browsers: what a server answers outside of its API."""
