"""What readers find in a file that a test has written."""

import io
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from formats.found import Found, Notice, NotImported, Reading, Reject, Row, Unreadable
from formats.reading import read

CASES = Path(__file__).parent / "cases"


def found_in(content: bytes | str | Path, name: str = "file", **reading: Any) -> list[Found]:
    """All that is found; the content is a case's path, or the file itself."""
    if isinstance(content, Path):
        name, content = content.name, content.read_bytes()
    file = io.BytesIO(content.encode() if isinstance(content, str) else content)
    return list(read(file, name, Reading(**reading)))


def found_until(content: bytes | str, name: str = "file") -> tuple[list[Found], str]:
    """What is found before a file can be read no further, and why ("" if it was read)."""
    found: list[Found] = []
    file = io.BytesIO(content.encode() if isinstance(content, str) else content)
    try:
        found.extend(read(file, name, Reading()))
    except Unreadable as error:
        return found, str(error)
    return found, ""


def pins(found: Iterable[Found]) -> list[dict[str, Any]]:
    """The documents of rows, without what they are known by."""
    return [
        {name: value for name, value in each.document.items() if name != "clientRef"}
        for each in found
        if isinstance(each, Row)
    ]


def places(found: Iterable[Found]) -> list[tuple[str, float, float]]:
    """Name, latitude, longitude of each pin."""
    return [(pin["name"], pin["lat"], pin["lng"]) for pin in pins(found)]


def refs(found: Iterable[Found]) -> list[str]:
    """What rows are known by."""
    return [each.document["clientRef"] for each in found if isinstance(each, Row)]


def reasons(found: Iterable[Found]) -> list[str]:
    """Why rows were rejected."""
    return [each.reason for each in found if isinstance(each, Reject)]


def left_out(found: Iterable[Found]) -> list[tuple[str, str]]:
    """What has no place in Carnet, and its name."""
    return [(each.what, each.name) for each in found if isinstance(each, NotImported)]


def notices(found: Iterable[Found]) -> list[str]:
    """What a person is to read first."""
    return [each.text for each in found if isinstance(each, Notice)]


def zipped(members: Mapping[str, bytes | str]) -> bytes:
    """A ZIP archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()
