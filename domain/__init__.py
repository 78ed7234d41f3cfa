"""What Carnet means: the rules of trips and their contents.

Pure code on the standard library and msgspec. Nothing here does I/O or reads a clock;
ids and the present time come in as arguments.
"""
