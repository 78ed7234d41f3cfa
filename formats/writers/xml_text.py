"""Text as XML has it."""

import html
import re
from typing import Final

_NO_CHARACTER: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 (section 2.2) has no way to write, not even as a reference."""

_LIKE_HTML: Final = re.compile(r"<[a-z/!?]|&#?\w+;|\]\]>", re.IGNORECASE)
"""What programs go by; `a < b & c` is a text to all of them."""


def element(name: str, text: str) -> str:
    """An element with a text in it.

    One shows where a character was that XML cannot have. A carriage return is a reference: as
    itself it would be read as a line feed (section 2.11).
    """
    shown = html.escape(_NO_CHARACTER.sub("\ufffd", text), quote=False).replace("\r", "&#13;")
    return f"<{name}>{shown}</{name}>"


def description(name: str, text: str) -> str:
    """An element that programs take for HTML where it looks like that; then it is HTML."""
    return element(name, html.escape(text, quote=False) if _LIKE_HTML.search(text) else text)
