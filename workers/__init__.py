"""Work that is too large or too slow for a request: jobs that may run twice and count once."""
