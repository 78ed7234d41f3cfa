"""Content lines of iCalendar (RFC 5545 section 3.1).

Written here, since the library that reads calendars takes too long to write them: it folds a line
character by character, and 1,000 events have half a million.
"""

import re
from typing import Final

_MOST: Final = 75
"""Octets of a line, its line break not counted."""
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
"""What no text may have in it (section 3.3.11); line breaks are written otherwise."""
_BREAK: Final = re.compile(r"\r\n?")
_ESCAPES: Final = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


def text(value: str) -> str:
    """A value of type TEXT; control characters are left out."""
    return _CONTROL.sub("", _BREAK.sub("\n", value)).translate(_ESCAPES)


def line(content: str) -> bytes:
    """A line, folded where it is too long, never inside of a character."""
    data = content.encode()
    if len(data) <= _MOST:
        return data + b"\r\n"
    pieces, start, room = [], 0, _MOST
    while len(data) - start > room:
        end = start + room
        # The octets of a character after its first begin with the bits 10.
        while data[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(data[start:end])
        # The blank that a line goes on with counts.
        start, room = end, _MOST - 1
    pieces.append(data[start:])
    return b"\r\n ".join(pieces) + b"\r\n"
