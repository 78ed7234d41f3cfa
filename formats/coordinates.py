"""Coordinates as people and programs write them: read where they are clear, else a reason why not.

Nothing is mended silently: what looks swapped, or has its decimal sign lost, says so.
"""

import math
import re
import unicodedata
from typing import Final, Literal

Axis = Literal["latitude", "longitude"]

LIMITS: Final[dict[Axis, int]] = {"latitude": 90, "longitude": 180}


class Wrong(ValueError):
    """Text that is no coordinate; its text is a reason for a person."""


_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?")
_SEXAGESIMAL: Final = re.compile(
    r"""(?P<sign>[+-]?)\s*(?P<degrees>\d+(?:[.,]\d+)?)\s*(?:[°ºd:]|(?<=\d)\s+(?=\d))\s*
    (?:(?P<minutes>\d+(?:[.,]\d+)?)\s*(?:['m:]|$|\s+(?=\d))\s*
    (?:(?P<seconds>\d+(?:[.,]\d+)?)\s*(?:"|''|s|$)\s*)?)?""",
    re.VERBOSE,
)
_LETTERS: Final[dict[str, tuple[Axis, int]]] = {
    "N": ("latitude", 1),
    "S": ("latitude", -1),
    "E": ("longitude", 1),
    "W": ("longitude", -1),
}
_SPELLED: Final = {
    sign: plain
    for plain, signs in {
        "N": "北緯 北纬",
        "S": "南緯 南纬",
        "E": "東経 东经 東經",
        "W": "西経 西经 西經",
        "°": "度 \u02da \u00ba",
        "'": "分 \u2032 \u2018 \u2019 \u00b4 `",
        '"': "秒 \u2033 \u201c \u201d",
        "-": "\u2212 \u2013 \u2010",
    }.items()
    for sign in signs.split()
}
_SPELLED_RE: Final = re.compile("|".join(map(re.escape, _SPELLED)))
_PAIR_IN_TWO: Final = re.compile(
    r"""(?P<a>[^,;]+)[,;](?P<b>[^,;]+)          # 48.4, 9.9 with points
    |(?P<c>[^;]+);(?P<d>[^;]+)                   # 48,4; 9,9
    |(?P<e>.*\d,\d+.*?),\s+(?P<f>.*\d,\d+.*)     # 48,4, 9,9
    |(?P<g>\S+)\s+(?P<h>\S+)                     # 48.4 9.9
    """,
    re.VERBOSE,
)
_HEMISPHERES: Final = re.compile(r"[NSEWO]", re.IGNORECASE)
_WKT: Final = re.compile(
    r"(?:SRID\s*=\s*(?P<srid>\d+)\s*;)?\s*POINT\s*(?:ZM|Z|M)?\s*\((?P<numbers>[^()]*)\)\s*",
    re.IGNORECASE,
)
_OTHER_WKT: Final = re.compile(
    r"(?:SRID\s*=\s*\d+\s*;)?\s*(MULTIPOINT|(?:MULTI)?(?:LINESTRING|POLYGON)|GEOMETRYCOLLECTION)\b",
    re.IGNORECASE,
)


def in_degrees(text: str, axis: Axis) -> float:
    """Degrees of one axis, with a decimal point or comma, hemisphere letters, minutes, seconds."""
    plain = _plain(text)
    if not plain:
        raise Wrong(f"no {axis}")
    if _NUMBER.fullmatch(plain):
        return within(float(plain.replace(",", ".")), axis, plain)
    value, meant = _with_letter(plain, axis, text)
    if meant != axis:
        letter = "".join(_HEMISPHERES.findall(plain)).upper()
        raise Wrong(f"{axis} {shown(text)} has an {letter}: are latitude and longitude swapped?")
    return within(value, axis, text.strip())


def within(value: float, axis: Axis, text: str) -> float:
    """The value, if it is one of this axis; else a reason that says what it looks like."""
    limit = LIMITS[axis]
    if abs(value) <= limit:
        return value + 0.0  # of -0.0 too
    if math.isnan(value):
        raise Wrong(f"{axis} {shown(text)} is not a number")
    told = f"{axis} {text[:40].replace(',', '.')} is beyond {limit}"
    if axis == "latitude" and abs(value) <= LIMITS["longitude"]:
        raise Wrong(f"{told}: are latitude and longitude swapped?")
    if axis == "longitude" and abs(value) <= 2 * limit:
        east = round(value - math.copysign(2 * limit, value), 7)
        raise Wrong(f"{told}: is {east:g} meant?")
    if "." not in text and "," not in text:
        raise Wrong(f"{told}: is the decimal point missing, or is it in metres?")
    raise Wrong(f"{told}: is it in metres?")


def pair(text: str) -> tuple[float, float]:
    """Latitude and longitude out of one text: `48.4, 9.9`, a `geo:` URI, WKT's POINT."""
    if "(" in text and (found := _WKT.fullmatch(text)):
        return _of_wkt(found)
    if shape := _OTHER_WKT.match(text):
        raise Wrong(f"a {shape[1].upper()} is not one point: only points become pins")
    plain = _plain(text).removeprefix("geo:").partition("?")[0].strip("()[] ")
    letters = list(_HEMISPHERES.finditer(plain))
    if len(letters) == 2:
        # A letter stands before both or behind both.
        first, second = letters
        cut = second.start() if first.start() == 0 else first.end()
        halves = (plain[:cut], plain[cut:])
    else:
        found = _PAIR_IN_TWO.fullmatch(plain)
        halves_found = [half for half in found.groups() if half is not None] if found else []
        if len(halves_found) != 2:
            raise Wrong(f"{shown(text)} is not latitude and longitude, such as 48.4011, 9.9876")
        halves = (halves_found[0], halves_found[1])
    one, other = (half.strip(" ,;/") for half in halves)
    if len(letters) == 2 and _with_letter(one, "latitude", text)[1] == "longitude":
        one, other = other, one
    return in_degrees(one, "latitude"), in_degrees(other, "longitude")


def _of_wkt(found: re.Match[str]) -> tuple[float, float]:
    numbers = found["numbers"].split()
    if found["srid"] not in (None, "4326"):
        raise Wrong(f"coordinates are in EPSG:{found['srid']}; WGS 84 (EPSG:4326) is read")
    if not 2 <= len(numbers) <= 4:
        raise Wrong(f"{shown(found[0])} is not a point of longitude and latitude")
    return in_degrees(numbers[1], "latitude"), in_degrees(numbers[0], "longitude")


def _plain(text: str) -> str:
    plain = _SPELLED_RE.sub(lambda found: _SPELLED[found[0]], text)
    return unicodedata.normalize("NFKC", plain).strip() if not plain.isascii() else plain.strip()


def _with_letter(plain: str, axis: Axis, text: str) -> tuple[float, Axis]:
    """The value of what is not simply a number, and the axis that its letter names."""
    letter = ""
    if plain[:1].upper() in {*_LETTERS, "O"}:
        letter, plain = plain[0].upper(), plain[1:].strip()
    elif plain[-1:].upper() in {*_LETTERS, "O"} or (plain[-1:] == "S" and "'" in plain):
        letter, plain = plain[-1].upper(), plain[:-1].strip()
    if letter == "O":
        raise Wrong(f"{shown(text)}: O is east in German and west in French: write E or W")
    value = _magnitude(plain, axis, text)
    if not letter:
        return value, axis
    if plain.startswith(("-", "+")):
        raise Wrong(f"{axis} {shown(text)} has both a sign and a letter")
    meant, sign = _LETTERS[letter]
    return value * sign, meant


def _magnitude(plain: str, axis: Axis, text: str) -> float:
    if _NUMBER.fullmatch(plain := plain.removesuffix("°").strip()):
        return float(plain.replace(",", "."))
    found = _SEXAGESIMAL.fullmatch(plain)
    if found is None:
        raise Wrong(f"{axis} {shown(text)} is not a number{_looks(plain)}")
    degrees, minutes, seconds = (
        float((found[part] or "0").replace(",", ".")) for part in ("degrees", "minutes", "seconds")
    )
    if minutes >= 60 or seconds >= 60:
        raise Wrong(f"{axis} {shown(text)} has minutes or seconds of 60 or more")
    value = degrees + minutes / 60 + seconds / 3600
    return round(-value if found["sign"] == "-" else value, 9)


def _looks(plain: str) -> str:
    if re.fullmatch(r"[+-]?\d{1,3}([.,]\d{3})+([.,]\d*)?", plain):
        return ": has a spreadsheet set signs between thousands?"
    if re.fullmatch(r"[+-]?\d+[.,]\d+\s*[,;\s]\s*[+-]?\d+[.,]\d+", plain):
        return ": are latitude and longitude in one column?"
    return ", such as 48.4011"


def shown(text: str) -> str:
    """A text in a reason, of bounded length."""
    text = text.strip()
    return repr(text if len(text) <= 40 else text[:39] + "…")
