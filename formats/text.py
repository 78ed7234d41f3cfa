"""Bytes that are a text: which encoding they are in, and their lines, a piece at a time."""

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from formats.found import Unreadable

PIECE: Final = 1 << 16
"""Bytes that are read at once."""

LONGEST_LINE: Final = 1 << 20
"""Characters; a file without line ends must not become one string."""

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as the mark of UTF-16 does
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_BEYOND_ASCII: Final = re.compile(
    rb"((?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf]{2})[\x80-\xbf])|[\x80-\xff]"
)
"""A character of UTF-8, which the group holds, or a byte that is none."""

_NOT_IN_CP1252: Final = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")

_NO_TEXT: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def head_of(file: BinaryIO) -> bytes:
    """The first bytes; the file stands at its beginning again."""
    file.seek(0)
    head = file.read(PIECE)
    file.seek(0)
    return head


def of_head(head: bytes) -> str:
    """An encoding in which the first bytes can be looked at, as far as they tell."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    sample = head[:1024]
    if sample[1::2].count(0) > len(sample) // 4 and not sample[::2].count(0):
        return "utf-16-le"
    if sample[::2].count(0) > len(sample) // 4 and not sample[1::2].count(0):
        return "utf-16-be"
    return "utf-8"


def is_binary(head: bytes) -> bool:
    """Whether the first bytes are no text in any encoding that is read."""
    if of_head(head) in ("utf-8", "utf-8-sig"):
        return len(_NO_TEXT.findall(head)) * 50 > len(head)
    return False


def encoding_of(file: BinaryIO) -> str:
    """UTF-8, UTF-16 or UTF-32 by their marks, else UTF-8 if it is that, else Windows-1252.

    Of a text that is mostly UTF-8 the wrong bytes are single rows' trouble. `Unreadable` for what
    is in none of these.
    """
    head = head_of(file)
    encoding = of_head(head)
    if encoding != "utf-8" or _is_utf8(file):
        return encoding
    file.seek(0)
    characters = others = 0
    possible = True
    while piece := file.read(PIECE):
        for found in _BEYOND_ASCII.finditer(piece):
            characters += found[1] is not None
            others += found[1] is None
        possible = possible and not _NOT_IN_CP1252.search(piece)
    file.seek(0)
    if characters > others:
        return "utf-8"
    if possible:
        return "cp1252"
    raise Unreadable("the text is neither UTF-8 nor UTF-16 nor Windows-1252: save it as UTF-8")


def _is_utf8(file: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    try:
        while piece := file.read(PIECE):
            decoder.decode(piece)
    except UnicodeDecodeError:
        return False
    finally:
        file.seek(0)
    return True


def pieces_of(file: BinaryIO, encoding: str) -> Iterator[str]:
    """The text from its beginning; a byte that is wrong becomes a lone surrogate (PEP 383)."""
    errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    file.seek(0)
    while piece := file.read(PIECE):
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)


def lines_of(pieces: Iterator[str]) -> Iterator[str]:
    r"""Lines, each with `\n` at its end, whatever ends them in the file."""
    rest = ""
    for piece in pieces:
        text = rest + piece
        # What follows a carriage return at the end tells whether it is a line's end of its own.
        held = "\r" if text.endswith("\r") else ""
        if "\r" in text:
            text = text.removesuffix("\r").replace("\r\n", "\n").replace("\r", "\n")
        *lines, rest = text.split("\n")
        rest += held
        for line in lines:
            yield line + "\n"
        if len(rest) > LONGEST_LINE:
            raise Unreadable(f"a line is longer than {LONGEST_LINE:,} characters")
    if rest:
        yield rest.removesuffix("\r") + "\n"
