"""What browsers call themselves, in words that their users know."""

from typing import Final

_PROGRAMS: Final = (
    ("Edg/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
"""By a token of the User-Agent; those that others claim to be come after them."""
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_LONGEST: Final = 60


def describe(agent: str) -> str:
    """As `Firefox, Linux`; what is no browser, by the beginning of what it calls itself."""
    program = next((name for token, name in _PROGRAMS if token in agent), "")
    system = next((name for token, name in _SYSTEMS if token in agent), "")
    return ", ".join(filter(None, (program, system))) if program else agent[:_LONGEST]
