"""One place of a file is one pin."""

from collections.abc import Iterator
from typing import Final

import msgspec

from formats.found import Found, NotImported, Row, Unreadable
from formats.pins import identity

MOST_FOUND: Final = 1_000_000
"""Of one reading: what is remembered of each has to end somewhere, and a hostile file too."""


def distinct(found: Iterator[Found]) -> Iterator[Found]:
    """All that was found, but each name at each place (5 decimals) once.

    Another place with a clientRef that was seen is known by its name and place instead: as it
    is, the two would take turns at overwriting each other.
    """
    places: set[int] = set()
    refs: set[int] = set()
    for number, each in enumerate(found):
        if number == MOST_FOUND:
            raise Unreadable(f"more than {MOST_FOUND:,} rows: split the file")
        # Rows of Carnet's own exports are told apart by their ids, to which others may link.
        if not isinstance(each, Row) or each.list != "mapPins" or "_id" in each.document:
            yield each
            continue
        document = each.document
        name, lat, lng = document.get("name"), document.get("lat"), document.get("lng")
        if not (isinstance(name, str) and isinstance(lat, float) and isinstance(lng, float)):
            yield each
            continue
        known_by = identity(name, lat, lng)
        # 60 bits: a number that Python keeps in 32 bytes.
        place = int(known_by[:15], 16)
        if place in places:
            yield NotImported(what="duplicates", name=name, at=each.at)
            continue
        places.add(place)
        if (ref := hash(document.get("clientRef"))) in refs:
            each = msgspec.structs.replace(
                each, document=document | {"clientRef": f"pin:{known_by}"}
            )
        refs.add(ref)
        yield each
