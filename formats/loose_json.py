"""JSON as people write it into mails: with comments, commas too many, and line ends in strings."""

import html
import re
from typing import Any, Final

import msgspec

from formats.found import Unreadable
from formats.json_text import MOST_DEPTH, decoded

MOST: Final = 1 << 20
"""Characters."""

_TOKEN: Final = re.compile(
    r"""(?P<string>"(?:[^"\\]++|\\.)*+")|(?P<comment>/\*.*?\*/|//[^\n]*+)|(?P<comma>,)
    |(?P<open>[\[{])|(?P<close>[\]}])|(?P<space>[\s\ufeff]++)|(?P<other>[^"/,\[\]{}\s\ufeff]++|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_CONTROL: Final = re.compile(r"[\x00-\x1f]")
_AROUND: Final = re.compile(
    r"\A\s*(?:<!--|(?://|/\*)?\s*<!\[CDATA\[(?:\s*\*/)?)|(?:-->|\]\]>)\s*\Z"
)


def loads(text: str) -> Any:
    """The value; `Unreadable` for what is none even so."""
    if len(text) > MOST:
        raise Unreadable(f"JSON of more than {MOST:,} characters")
    try:
        return decoded(text.encode())
    except (Unreadable, UnicodeEncodeError):
        pass
    bare = _AROUND.sub("", text).strip().rstrip(";")
    try:
        return decoded(_mended(bare).encode("utf-8", "replace"))
    except Unreadable:
        if "&quot;" not in bare:
            raise
    return decoded(_mended(html.unescape(bare)).encode("utf-8", "replace"))


def _mended(text: str) -> str:
    kept: list[str] = []
    comma, depth = False, 0
    for token in _TOKEN.finditer(text):
        kind, found = token.lastgroup, token[0]
        if kind in ("comment", "space"):
            continue
        if kind == "comma":
            comma = True
            continue
        if comma and kind != "close":
            kept.append(",")
        comma = False
        depth += (kind == "open") - (kind == "close")
        if depth > MOST_DEPTH:
            raise Unreadable(f"JSON that is nested more than {MOST_DEPTH} levels deep")
        kept.append(_CONTROL.sub(_escaped, found) if kind == "string" else found)
    return "".join(kept)


def _escaped(control: re.Match[str]) -> str:
    return msgspec.json.encode(control[0]).decode()[1:-1]
