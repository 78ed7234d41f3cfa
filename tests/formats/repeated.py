"""`python -m tests.formats.repeated NAME`: reads a large file that is nowhere, and tells its peak.

The file is made of a head, a unit many times over, and a tail, as it is read.
"""

import io
import json
import sys
from pathlib import Path
from typing import Final

from formats.found import Reading, Row, Unreadable
from formats.reading import read

MIB: Final = 1 << 20
POINT: Final = (
    b'{"type":"Feature","geometry":{"type":"Point","coordinates":[%d.5,2]},"properties":{}},'
)

FILES: Final[dict[str, tuple[bytes, bytes, int, bytes]]] = {
    "table of many rows": (b"lat,lng,name\n", b"1.5,2.5,\n", 200_000, b""),
    "table in one line": (b"name,lat,lng\n", b"x" * 1024, 200_000, b""),
    "table of open quotes": (b"name,lat,lng\n", b'"x,1,2\n', 50_000, b""),
    "table in a quote": (b'name,lat,lng\n"', b"x" * 99 + b"\n", 200_000, b""),
    "table of commas": (b"name,lat,lng\n", b"," * 1000 + b"\n", 20_000, b""),
    "heading of commas": (b"", b"name,lat,lng,", 10_000_000, b""),
    "features": (b'{"type":"FeatureCollection","features":[', POINT % 1, 200_000, b"1]}"),
    "features of nothing": (
        b'{"type":"FeatureCollection","features":[',
        b"[],",
        300_000,
        b"1]}",
    ),
    "one feature of points": (
        b'{"type":"Feature","geometry":{"type":"MultiPoint","coordinates":[',
        b"[1,2],",
        2_000_000,
        b"[1,2]]}}",
    ),
    "a list of numbers": (b"[", b"1,", 20_000_000, b"1]"),
    "lists in each other": (b"", b"[", 50_000_000, b""),
    "members": (b"{", b'"a":[],', 10_000_000, b'"b":1}'),
    "a string": (b'{"type":"', b"x" * 1024, 200_000, b'"}'),
    "lines of features": (b"", POINT[:-1] % 1 + b"\n", 100_000, b""),
    "a line of a sequence": (b'{"type":"Feature","geometry":null}\n', b"[1]", 50_000_000, b""),
    "placemarks": (
        b"<kml><Document>",
        b"<Placemark><Point><coordinates>1,2</coordinates></Point></Placemark>",
        100_000,
        b"</Document></kml>",
    ),
    "a placemark of children": (b"<kml><Placemark>", b"<a/>", 1_000_000, b"</Placemark></kml>"),
    "a description": (
        b"<kml><Placemark><description>",
        b"x" * 1024,
        100_000,
        b"</description></Placemark></kml>",
    ),
    "an attribute": (b"<kml a='", b"x" * 1024, 200_000, b"'/>"),
    "attributes": (b"<kml ", b"a='' ", 10_000_000, b"/>"),
    "elements in each other": (b"<kml>", b"<a>", 10_000_000, b""),
    "a track": (
        b"<gpx><trk><trkseg>",
        b"<trkpt lat='1' lon='2'/>",
        500_000,
        b"</trkseg></trk></gpx>",
    ),
    "names of prefixes": (b"<gpx>", b"<a:wpt/>", 100_000, b"</gpx>"),
    "a comment": (b"<kml><!--", b"x" * 1024, 200_000, b"--></kml>"),
    "zeros": (b"\0", b"\0" * 1024, 200_000, b""),
    "blanks": (b"", b" " * 1024, 200_000, b""),
    "line ends": (b"", b"\n" * 1024, 50_000, b""),
}


class Repeated(io.RawIOBase):
    """A file that is made as it is read."""

    def __init__(self, head: bytes, unit: bytes, count: int, tail: bytes) -> None:
        self._head, self._unit, self._tail = head, unit, tail
        self._middle = len(unit) * count
        self._length = len(head) + self._middle + len(tail)
        self._block = unit * max(1, MIB // len(unit))
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(0, offset + (0, self._at, self._length)[whence])
        return self._at

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        piece = self._from(self._at)[: len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def _from(self, at: int) -> bytes:
        if at < len(self._head):
            return self._head[at:]
        at -= len(self._head)
        if at < self._middle:
            start = at % len(self._unit)
            return self._block[start : start + self._middle - at]
        return self._tail[at - self._middle :]


def main(name: str) -> None:
    """Writes how much was found, how it ended, and the peak in MiB."""
    file = io.BufferedReader(Repeated(*FILES[name]))  # type: ignore[type-var]  # it reads
    rows = found = 0
    ended = ""
    try:
        for each in read(file, "file", Reading()):
            found += 1
            rows += isinstance(each, Row)
    except Unreadable as error:
        ended = str(error)
    # Not `ru_maxrss`, which a process has from the one that started it.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    told = {"rows": rows, "found": found, "ended": ended, "peak": peak}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1])
