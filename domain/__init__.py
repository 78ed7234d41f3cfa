"""What Carnet means: the rules of trips and their contents.

Pure code on the standard library and msgspec. Nothing here does I/O or reads a clock;
ids and the present time come in as arguments. The one file read is a package's constant
data, the names of the time zones, when `zones` is imported.
"""
