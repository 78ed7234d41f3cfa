"""XML as programs write it, an element at a time, whatever is wrong with its edges.

Names are taken without their prefixes: many files use some they never declare. What could make a
small file large is refused: a document type, entities, depth; text beyond its bounds is not kept.
"""

import html
import re
from collections.abc import Iterator
from typing import BinaryIO, Final
from xml.parsers import expat

from formats.found import Unreadable
from formats.text import encoding_of, head_of, pieces_of

MOST_DEPTH: Final = 64
MOST_TEXT: Final = 1 << 20
"""Characters of one element."""
MOST_CHILDREN: Final = 10_000
"""Elements below one that is told as a whole."""
MOST_NAME: Final = 1_000
"""Characters of a group's name."""
_MOST_TAG: Final = 256 << 10

_DECLARED: Final = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']""")
_ASIDE: Final = re.compile(r"<!--.*?-->|<\?.*?\?>", re.DOTALL)
_ROOT: Final = re.compile(r"<(?!!)\s*([\w.:-]+)")
_NO_CHARACTER: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 (section 2.2) cannot have; files have it nevertheless."""


class Element:
    """An element with all that is in it."""

    __slots__ = ("attributes", "children", "name", "text")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.text = ""
        self.children: list[Element] = []

    def first(self, name: str) -> "Element | None":
        """The first child of this name."""
        return next((child for child in self.children if child.name == name), None)

    def said(self, *names: str) -> str:
        """The text of the first child that has any, of the first of these names."""
        for name in names:
            for child in self.children:
                if child.name == name and (text := child.text.strip()):
                    return text
        return ""

    def all(self, *names: str) -> "list[Element]":
        """All of these names, at any depth, in their order."""
        found = []
        for child in self.children:
            if child.name in names:
                found.append(child)
            if child.children:
                found += child.all(*names)
        return found


class Shape:
    """What is to be told of a format's documents, by the names of elements."""

    def __init__(self, *, whole: str, groups: str, hollow: str) -> None:
        self.whole = frozenset(whole.split())
        """Told with all that is in them."""
        self.groups = frozenset(groups.split())
        """Told when they end; their `name` goes with what is in them."""
        self.hollow = frozenset(hollow.split())
        """Their content is passed over."""


class Found:
    """An element that was told, and the groups it lies in."""

    __slots__ = ("cut", "element", "groups")

    def __init__(self, element: Element, groups: list[Element], *, cut: bool) -> None:
        self.element = element
        self.groups = groups
        """The innermost last; their texts are their names."""
        self.cut = cut
        """Whether it is beyond the bounds, and not all of it is there."""


def root_of(text: str) -> str:
    """The name of a document's outermost element, of a text that begins with `<`; else ""."""
    root = _ROOT.search(_ASIDE.sub("", text)) if text.startswith("<") else None
    return root[1].rpartition(":")[2] if root else ""


def elements_of(file: BinaryIO, shape: Shape) -> Iterator[Found]:
    """Elements in the order in which they end; `Unreadable` when the text goes no further."""
    builder = _Builder(shape)
    fed = 0
    started = False
    for piece in pieces_of(file, _encoding(file)):
        text = _NO_CHARACTER.sub(_in_its_place, piece)
        if not started:
            text = text.lstrip("\ufeff \t\r\n")
            started = bool(text)
        try:
            builder.parser.Parse(text)
        except expat.ExpatError as error:
            yield from builder.taken()
            if builder.ended:
                return  # what follows the root is not ours
            raise Unreadable(_wrong(error)) from error
        fed += len(text) if text.isascii() else len(text.encode())
        yield from builder.taken()
        if fed - builder.parser.CurrentByteIndex > _MOST_TAG:
            raise Unreadable(f"XML with a tag of more than {_MOST_TAG >> 10} KiB")
    if not builder.ended:
        raise Unreadable("the file ends in the middle: half of it is missing")


def _in_its_place(found: re.Match[str]) -> str:
    """Control characters go; what was no text in its encoding shows."""
    return "" if found[0] < " " else "\ufffd"


def _encoding(file: BinaryIO) -> str:
    """The one that is declared, unless that is UTF-8: it is what many declare and do not write."""
    declared = _DECLARED.search(head_of(file)[:400])
    name = declared[1].decode("ascii").lower() if declared else "utf-8"
    if name.startswith(("utf", "ucs", "us-ascii")):
        return encoding_of(file)
    try:
        "".encode(name)
        b"".decode(name)
    except (LookupError, UnicodeError):
        return encoding_of(file)
    return name


def _wrong(error: expat.ExpatError) -> str:
    told = expat.errors.messages.get(error.code, "an error")
    return f"broken XML in line {error.lineno}: {told}"


class _Builder:
    """What the parser calls."""

    def __init__(self, shape: Shape) -> None:
        self.ended = False
        self._shape = shape
        self._found: list[Found] = []
        self._groups: list[Element] = []
        self._group_depths = [-1]
        self._open: list[Element] = []
        """From what is told as a whole, or is a group's name, down to where the parser is."""
        self._children = self._length = 0
        """Of what is open."""
        self._depth = 0
        self._passing = 0
        """The depth of what is passed over."""
        self._locals: dict[str, str] = {}
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        # With it, entities that nobody declared are told by name instead of ending all.
        self.parser.UseForeignDTD(True)
        self.parser.SkippedEntityHandler = self._entity
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self._listen()

    def taken(self) -> list[Found]:
        """What was found since the last time."""
        found, self._found = self._found, []
        return found

    def _listen(self) -> None:
        self._passing = 0
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text

    def _pass(self) -> None:
        """Passes over the element that was just entered."""
        self._passing = self._depth
        self.parser.StartElementHandler = self._deeper
        self.parser.EndElementHandler = self._end_of_passed
        self.parser.CharacterDataHandler = None

    def _deeper(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise Unreadable(f"XML that is nested more than {MOST_DEPTH} levels deep")

    def _end_of_passed(self, name: str) -> None:
        if self._depth == self._passing:
            self._listen()
            self._end(name)
        else:
            self._depth -= 1

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._deeper(name, attributes)
        local = self._locals.get(name)
        if local is None:
            local = name.rpartition(":")[2]
            if len(self._locals) < 1_000:
                self._locals[name] = local
        if self._open:
            self._children += 1
            element = Element(local, attributes)
            if self._children <= MOST_CHILDREN:
                self._open[-1].children.append(element)
            self._open.append(element)
            if local in self._shape.hollow or self._children > MOST_CHILDREN:
                self._pass()
        elif local in self._shape.whole or (
            local == "name" and self._group_depths[-1] == self._depth - 1
        ):
            self._open.append(Element(local, attributes))
            self._children = self._length = 0
        elif local in self._shape.groups:
            self._groups.append(Element(local, attributes))
            self._group_depths.append(self._depth)
        elif local in self._shape.hollow:
            self._pass()

    def _end(self, name: str) -> None:
        self._depth -= 1
        self.ended = not self._depth
        if self._open:
            element = self._open.pop()
            if self._open:
                return
            if element.name == "name":
                self._groups[-1].text = " ".join(element.text.split())[:MOST_NAME]
            else:
                self._tell(element)
        elif self._group_depths[-1] == self._depth + 1:
            self._group_depths.pop()
            group = self._groups.pop()
            self._children = self._length = 0
            self._tell(group)

    def _tell(self, element: Element) -> None:
        cut = self._children > MOST_CHILDREN or self._length > MOST_TEXT
        self._found.append(Found(element, self._groups.copy(), cut=cut))

    def _text(self, text: str) -> None:
        if self._open:
            self._length += len(text)
            if self._length <= MOST_TEXT:
                self._open[-1].text += text

    def _entity(self, name: str, is_parameter: bool) -> None:
        self._text(html.unescape(f"&{name};"))

    def _refuse(self, *_: object) -> None:
        raise Unreadable("XML with a document type, which can hide entities: remove its DOCTYPE")
