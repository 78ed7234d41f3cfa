"""Files of other programs, and our own: readers, writers, and calendars of trips.

A reader tells the rows that a file holds: bytes in, rows and rejects out. A writer makes a file of
a whole trip. Pure: no network call, no guess, no clock.
"""
