"""Google's saved places: what their links tell.

A link is only looked at, never followed.
"""

import math
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote_plus

from formats.coordinates import Wrong, pair

_GOOGLE: Final = re.compile(r"\bgoogle\.[a-z.]+/maps|\bmaps\.google\.|\bgoo\.gl/")
_NUMBER: Final = r"([+-]?\d{1,3}(?:\.\d+)?)"
_POSITIONS: Final = [
    # The place itself, before what the map was centred on.
    re.compile(rf"!3d{_NUMBER}!4d{_NUMBER}"),
    re.compile(rf"[?&](?:q|query|ll|daddr|destination)=(?:loc:)?{_NUMBER},\s*{_NUMBER}(?![\w.])"),
    re.compile(rf"/maps/(?:search|place)/{_NUMBER},\s*{_NUMBER}(?![\w.])"),
    # Of a way there the end; what the map was centred on lies between.
    re.compile(rf"/maps/dir/(?:[^/@?]*/)*{_NUMBER},\s*{_NUMBER}(?=[/?]|$)"),
    re.compile(rf"/maps/(?!dir/)(?:[^@?]*/)?@{_NUMBER},{_NUMBER}"),
]
_IN_MINUTES: Final = re.compile(r"/maps/(?:search|place)/([^/@?]{1,40}°[^/@?]{1,40})")
_COMMA: Final = re.compile(rf"/maps/(?:search|place)/{_NUMBER}$|[?&]q(?:uery)?={_NUMBER}$")
_DEGREES: Final = re.compile(rf"\s*{_NUMBER}\s*")
_CID: Final = re.compile(r"[?&]cid=(\d+)")
_FEATURE: Final = re.compile(r"!1s0x[0-9a-f]+:0x([0-9a-f]+)|[?&]ftid=0x[0-9a-f]+:0x([0-9a-f]+)")
_ADDRESS: Final = re.compile(r"[?&](?:q|query)=([^&#]+)")


def is_link(text: str) -> bool:
    """Whether it leads to Google's maps."""
    return _GOOGLE.search(text) is not None


def in_lines(lines: Iterable[str]) -> bool:
    """Whether any line has such a link."""
    return any(is_link(line) for line in lines)


def position_in(url: str) -> tuple[float, float] | None:
    """Latitude and longitude that a link carries; (0, 0) is Google's for "unknown"."""
    if not is_link(url):
        return None
    told = unquote_plus(url)
    if "!3d" not in told and (written := _IN_MINUTES.search(told)):
        try:
            return pair(written[1])
        except Wrong:
            return None
    for position in _POSITIONS:
        if found := position.search(told):
            lat, lng = float(found[1]), float(found[2])
            return None if math.isclose(lat, 0) and math.isclose(lng, 0) else (lat, lng)
    return None


def rejoined(cells: list[str]) -> list[str]:
    """A record whose link was cut at the comma of its position, since nothing quoted it."""
    whole: list[str] = []
    for cell in cells:
        if whole and _COMMA.search(whole[-1]) and _DEGREES.fullmatch(cell):
            whole[-1] += f",{cell}"
        else:
            whole.append(cell)
    return whole


def ref_in(url: str) -> str:
    """A clientRef by the place's id (cid) in a link, or ""."""
    if not is_link(url):
        return ""
    if found := _CID.search(url):
        return f"google:{int(found[1])}" if len(found[1]) < 40 else ""
    if found := _FEATURE.search(unquote_plus(url)):
        return f"google:{int(found[1] or found[2], 16)}" if len(found[0]) < 60 else ""
    return ""


def address_in(url: str) -> str:
    """What was searched for in a link, or ""."""
    found = _ADDRESS.search(url) if is_link(url) else None
    return unquote_plus(found[1])[:200] if found else ""
