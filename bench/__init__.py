"""Carnet's claims of speed, measured: `make bench`."""
