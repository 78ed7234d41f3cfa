"""ZIP archives of any origin, opened so that they cannot take more than they may.

APPNOTE.TXT (PKWARE) 4.3. The directory at the end rules, so that archives written as a stream,
whose local headers have no sizes, are read too; `zipfile` ends each member where it says.
"""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

from formats.found import Unreadable

MOST_MEMBERS: Final = 10_000
MOST_BYTES: Final = 1 << 30
"""Unpacked, of all members."""
MOST_RATIO: Final = 200
FREE_BYTES: Final = 10 << 20
"""What a member may unpack to whatever its ratio."""
_MOST_DIRECTORY: Final = 4 << 20

_END: Final = struct.Struct("<4s4H2LH")
_END_64: Final = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64: Final = struct.Struct("<4sLQL")
_METHODS: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_LITTER: Final = re.compile(
    r"(?:^|/)(?:__MACOSX/|\.|Thumbs\.db$|desktop\.ini$|Icon\r$)", re.IGNORECASE
)

_BROKEN: Final = (zipfile.BadZipFile, zlib.error, EOFError)
"""What reading on in a damaged archive raises."""
_NO_DIRECTORY: Final = (
    *_BROKEN,
    *(NotImplementedError, RuntimeError, ValueError, OverflowError, OSError, struct.error),
)
"""What `zipfile` raises as it reads a damaged directory or header."""


def is_archive(head: bytes) -> bool:
    """Whether a file begins as a ZIP archive does, an empty one too."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


class Archive:
    """The members of an archive, by name; folders, and what systems leave about, are not there."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._members = {
            name: info
            for info in archive.infolist()
            if (name := _name(info)) and not name.endswith("/") and not _LITTER.search(name)
        }

    @property
    def names(self) -> list[str]:
        """In order, so that a folder reads the same however it was packed."""
        return sorted(self._members)

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """A member to read from; it can be sought in, at the price of unpacking anew."""
        info = self._members[name]
        if info.flag_bits & 1:
            raise Unreadable("it is encrypted: unpack it with its password first")
        if info.compress_type not in _METHODS:
            raise Unreadable("it is packed by a method that is not read; deflate is")
        try:
            member = self._archive.open(info)
        except _NO_DIRECTORY as error:
            raise Unreadable(_damaged(error)) from error
        try:
            with member:
                yield member  # type: ignore[misc]  # an IO[bytes] has all that a reader asks for
        except _BROKEN as error:
            raise Unreadable(_damaged(error)) from error


@contextmanager
def opened(file: BinaryIO) -> Iterator[Archive]:
    """An archive within its bounds; `Unreadable` says which it breaks."""
    try:
        _check_end(file)
        file.seek(0)
        archive = zipfile.ZipFile(file)
        _check(archive)
    except _NO_DIRECTORY as error:
        raise Unreadable(_damaged(error)) from error
    with archive:
        yield Archive(archive)


def _check_end(file: BinaryIO) -> None:
    """The directory's size, before `zipfile` makes an object of each of its entries."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END.size - (1 << 16)))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise Unreadable("half of an archive: its directory, which is at the end, is missing")
    end = _END.unpack_from(tail, at)
    members, directory = end[4], end[5]
    locator = at - _LOCATOR_64.size
    if locator >= 0 and tail[locator:at].startswith(b"PK\x06\x07"):
        file.seek(min(_LOCATOR_64.unpack_from(tail, locator)[2], size))
        record = file.read(_END_64.size)
        if len(record) == _END_64.size and record.startswith(b"PK\x06\x06"):
            members, directory = _END_64.unpack(record)[7:9]
    if members > MOST_MEMBERS or directory > _MOST_DIRECTORY:
        raise Unreadable(f"an archive of more than {MOST_MEMBERS:,} files")


def _check(archive: zipfile.ZipFile) -> None:
    infos = archive.infolist()
    if len(infos) > MOST_MEMBERS:
        raise Unreadable(f"an archive of more than {MOST_MEMBERS:,} files")
    if sum(info.file_size for info in infos) > MOST_BYTES:
        raise Unreadable(f"an archive that unpacks to more than {MOST_BYTES >> 20:,} MiB")
    for info in infos:
        if info.file_size > max(FREE_BYTES, MOST_RATIO * info.compress_size):
            raise Unreadable(
                f"{_name(info)[:100]} unpacks to more than {MOST_RATIO} times its size"
            )
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end:
            raise Unreadable("an archive whose files overlap: it is made to unpack without end")
        end = info.header_offset + 30 + info.compress_size


def _name(info: zipfile.ZipInfo) -> str:
    """Nothing is unpacked, so where a name leads out of the archive does not matter."""
    return re.sub(r"^(?:\.{0,2}/)+", "", info.filename.replace("\\", "/"))


def _damaged(error: Exception) -> str:
    told = " ".join(str(error).split())[:200]
    return f"a damaged archive: {told or type(error).__name__}"
