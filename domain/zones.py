"""The time zones there are, and those that are meant by other names.

The list is that of the tzdata package: the same on every machine, and without the files that
systems keep beside their zones (`localtime`, `posixrules`).
"""

import functools
import importlib.resources
import re
from typing import Final

from domain.near import Names

TIME_ZONES: Final = frozenset(
    importlib.resources.files("tzdata").joinpath("zones").read_text("utf-8").split()
) - {"Factory"}
"""All names of the IANA database, but that of no place: data of a package, constant as its code."""

_OTHER_NAMES: Final = {
    "Africa/Johannesburg": ("SAST",),
    "America/Anchorage": ("AKST", "AKDT", "Alaskan"),
    "America/Bogota": ("COT", "SA Pacific"),
    "America/Chicago": ("CST", "CDT", "Central"),
    "America/Denver": ("MDT", "Mountain"),
    "America/Halifax": ("AST", "ADT", "Atlantic"),
    "America/Los_Angeles": ("PST", "PDT", "Pacific"),
    "America/New_York": ("EDT", "Eastern"),
    "America/Sao_Paulo": ("BRT", "E. South America"),
    "Asia/Bangkok": ("ICT", "SE Asia"),
    "Asia/Dubai": ("GST", "Arabian"),
    "Asia/Hong_Kong": ("HKT",),
    "Asia/Jakarta": ("WIB",),
    "Asia/Kolkata": ("IST", "India"),
    "Asia/Manila": ("PHT",),
    "Asia/Seoul": ("KST", "Korea"),
    "Asia/Shanghai": ("China",),
    "Asia/Singapore": ("SGT", "Malay Peninsula"),
    "Asia/Tokyo": ("JST", "Japan Standard Time"),
    "Australia/Adelaide": ("ACST", "ACDT", "Cen. Australia"),
    "Australia/Brisbane": ("E. Australia",),
    "Australia/Perth": ("AWST", "W. Australia"),
    "Australia/Sydney": ("AEST", "AEDT", "AUS Eastern"),
    "Europe/Athens": ("EEST", "GTB"),
    "Europe/Berlin": ("W. Europe",),
    "Europe/Budapest": ("Central Europe",),
    "Europe/Istanbul": ("TRT", "Turkey Standard Time"),
    "Europe/Lisbon": ("WEST",),
    "Europe/London": ("BST", "British", "GMT Standard Time"),
    "Europe/Moscow": ("MSK", "Russian"),
    "Europe/Paris": ("CEST", "Romance", "Central European"),
    "Pacific/Auckland": ("NZST", "NZDT", "New Zealand"),
    "Pacific/Honolulu": ("HAST", "Hawaiian"),
}
"""A zone for the abbreviations and Windows names that are no names of zones themselves."""

_OFFSET: Final = re.compile(r"(?:UTC|GMT|Z)?\s*[+-]\d{1,2}(?::?\d\d)?", re.IGNORECASE)


def _city(zone: str) -> str:
    return zone.rpartition("/")[2]


@functools.cache
def _names() -> Names:
    return Names(
        {
            zone: (_city(zone), *_OTHER_NAMES.get(zone, ()))
            for zone in sorted(TIME_ZONES)
            if "/" in zone and not zone.startswith(("Etc/", "US/", "Canada/"))
        }
    )


def meant(text: str) -> list[str]:
    """The zones that a text which names none probably stands for."""
    if _OFFSET.fullmatch(text):
        return []
    place = re.sub(r" (?:standard|daylight|summer) time$| time$", "", text, flags=re.IGNORECASE)
    return (_names().find(text) or _names().find(place))[:2]
