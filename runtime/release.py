"""Which release of Carnet this is."""

import functools
from importlib.metadata import PackageNotFoundError, version
from typing import Final

UNKNOWN: Final = "0+unknown"
"""Of sources that are run without having been installed (PEP 440 calls the end a local label)."""


@functools.cache
def release() -> str:
    """The version of the installed package."""
    try:
        return version("carnet")
    except PackageNotFoundError:
        return UNKNOWN
