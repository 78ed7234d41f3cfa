"""Where reading begins: what a file is, by its content."""

from collections.abc import Iterator
from typing import BinaryIO

from formats.distinct import distinct
from formats.found import Found, Reading, Unreadable
from formats.kinds import KINDS, Kind
from formats.text import head_of, is_binary, of_head


def read(file: BinaryIO, name: str, reading: Reading) -> Iterator[Found]:
    """What a seekable file holds, lazily; raises nothing but `Unreadable`, also on the way.

    The content decides; of `name` the suffix only where several formats would do.
    """
    return distinct(_read(file, name, reading))


def _read(file: BinaryIO, name: str, reading: Reading) -> Iterator[Found]:
    head = head_of(file)
    if not head.strip(b"\0 \t\r\n"):
        raise Unreadable("the file is empty")
    if is_binary(head):
        raise Unreadable("this is no file of a kind that is read")
    kind = _kind(head, name)
    yield from kind.read(file, name, reading)


def _kind(head: bytes, name: str) -> Kind:
    text = head.decode(of_head(head), "replace").lstrip("\ufeff \t\r\n")
    return _first([kind for kind in KINDS if kind.text is not None and kind.text(text)], name)


def _first(kinds: list[Kind], name: str) -> Kind:
    suffix = name.rpartition(".")[2].lower()
    if not kinds:
        raise Unreadable("this is no file of a kind that is read")
    return min(kinds, key=lambda kind: suffix not in kind.suffixes)
