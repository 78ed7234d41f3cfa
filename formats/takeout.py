"""Google Takeout's saved places, in both of its dialects: that of 2018 and that of 2024."""

from typing import Any, Final

from formats import google
from formats.found import Found, Position, Reject
from formats.pins import pin

_URLS: Final = ("google_maps_url", "Google Maps URL")
_PLACES: Final = ("location", "Location")
_COMMENTS: Final = ("Comment", "comment", "review_text_published")


def is_place(properties: dict[str, Any]) -> bool:
    """Whether a feature is one of Google's."""
    return any(isinstance(properties.get(url), str) for url in _URLS)


def place(properties: dict[str, Any], point: tuple[float, float] | None, at: Position) -> Found:
    """A saved place. `[0, 0]` is Google's for "unknown": then the link may know more."""
    url = _text(properties, *_URLS)
    told = _object(properties, *_PLACES)
    name = _text(properties, "Title") or _text(told, "name", "Business Name")
    address = _text(told, "address", "Address") or google.address_in(url)
    known = point is not None and (point[0] or point[1])
    where = (point[1], point[0]) if known and point else google.position_in(url) or _inner(told)
    if where is None:
        reason = "no coordinates" + (f"; address: {address}" if address else "")
        return Reject(reason=reason, row=properties, name=name or address, at=at)
    # Of an unknown place the comment is Google's own: that it has no information.
    comment = _text(properties, *_COMMENTS) if known else ""
    lines = [comment, address if address != google.address_in(url) or known else "", url]
    return pin(
        name,
        *where,
        at=at,
        row=lambda: properties,
        notes="\n".join(line for line in lines if line),
        ref=google.ref_in(url),
    )


def _inner(told: dict[str, Any]) -> tuple[float, float] | None:
    """The older dialect has the position in words too."""
    geo = _object(told, "Geo Coordinates")
    try:
        lat, lng = float(geo["Latitude"]), float(geo["Longitude"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return (lat, lng) if lat or lng else None


def _object(holder: dict[str, Any], *names: str) -> dict[str, Any]:
    """The first of these that is an object."""
    return next((v for name in names if isinstance(v := holder.get(name), dict)), {})


def _text(holder: dict[str, Any], *names: str) -> str:
    """The first of these that is a text."""
    return next((v.strip() for name in names if isinstance(v := holder.get(name), str)), "")
