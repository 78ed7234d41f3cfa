"""Files of other programs, and our own: a reader tells the rows that a file holds.

Pure: bytes in, rows and rejects out. No network call, no guess, no clock.
"""
