"""Files that people try which hold nothing to read, each with what to do instead."""

from typing import Final

from formats.found import Unreadable
from formats.xml_elements import root_of

_SHEET: Final = "a workbook: save the sheet as CSV, and read that"

_MAGIC: Final = (
    (b"%PDF", "a PDF: no format to read from; the mail or the calendar file it came with is"),
    (b"\xd0\xcf\x11\xe0", _SHEET),
    (b"\x1f\x8b", "packed with gzip: unpack it first"),
    (b"BZh", "packed with bzip2: unpack it first"),
    (b"\xfd7zXZ", "packed with xz: unpack it first"),
    (b"7z\xbc\xaf", "a 7z archive: unpack it first; ZIP is read"),
    (b"Rar!", "a RAR archive: unpack it first; ZIP is read"),
    (b"SQLite format 3", "a database: export CSV, GPX, KML or GeoJSON from the program it is of"),
    (b"\xff\xd8\xff", "a picture"),
    (b"\x89PNG", "a picture"),
    (b"GIF8", "a picture"),
    (b"RIFF", "a picture or a sound"),
)

_MEMBERS: Final = (
    ("xl/workbook.xml", _SHEET),
    ("xl/workbook.bin", _SHEET),
    ("content.xml", "a document of an office program: save a sheet as CSV"),
    ("word/document.xml", "a text document: no format to read from"),
    ("Index/Document.iwa", "a document of Numbers or Pages: export CSV"),
)


def refuse_bytes(head: bytes) -> None:
    """`Unreadable` for what begins as a file of another kind."""
    for magic, told in _MAGIC:
        if head.startswith(magic):
            raise Unreadable(f"this is {told}")
    if head[8:12] == b".FIT":
        raise Unreadable("this is a FIT file, a recording: Carnet has no tracks")


def refuse_members(names: frozenset[str]) -> None:
    """`Unreadable` for archives that are documents of other programs."""
    for member, told in _MEMBERS:
        if member in names:
            raise Unreadable(f"this is {told}")


def refuse_xml(text: str) -> None:
    """`Unreadable` for XML that no format has recognised."""
    if not text.startswith("<"):
        return
    name = root_of(text).lower()
    if name == "html" or text[:15].lower().startswith("<!doctype html"):
        raise Unreadable("this is a web page: export a file from it, such as KML, GPX or CSV")
    if name == "trainingcenterdatabase":
        raise Unreadable("this is a TCX file, a recording: Carnet has no tracks")
    raise Unreadable(f"this is XML of a kind that is not read ({name[:40] or 'no element'})")
