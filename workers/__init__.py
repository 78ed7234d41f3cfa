"""Those who do what is too large for a request: jobs that may run twice and count once."""
