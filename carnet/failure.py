"""Failures told to the person at the command line, in one line."""


class Failure(Exception):
    """What went wrong, for a person; ends the program with `exit_code`."""

    exit_code = 1


class UsageFailure(Failure):
    """A setting or an argument that cannot be."""

    exit_code = 2
