"""What an HTML page says to machines: JSON-LD and microdata, as JSON objects.

https://html.spec.whatwg.org/multipage/microdata.html. Read by its tags alone: mails are no pages
that a parser of pages would take as they are meant.
"""

import html
import re
from collections.abc import Iterator
from typing import Any, Final

from formats import loose_json
from formats.found import Unreadable

MOST: Final = 8 << 20
"""Characters of a page."""

_SCRIPT: Final = re.compile(r"<script\b[^>]{0,400}?\bapplication/ld\+json\b[^>]{0,400}>", re.I)
_SCRIPT_END: Final = re.compile(r"</script", re.I)
_TAG: Final = re.compile(
    r"<(?P<end>/?)(?P<name>[a-zA-Z][\w:-]{0,40})(?P<attributes>(?:[^<>\"']|\"[^\"<>]{0,4000}\"|'[^'<>]{0,4000}')*+)>"
)
_ATTRIBUTE: Final = re.compile(r"([\w:-]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?")
_VOID: Final = frozenset(
    [
        *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param"),
        *("source", "track", "wbr"),
    ]
)
_BY_ATTRIBUTE: Final = {
    "meta": "content",
    "time": "datetime",
    "link": "href",
    "a": "href",
    "img": "src",
    "data": "value",
}
_MOST_DEPTH: Final = 500


def data_of(page: str) -> Iterator[Any]:
    """Each piece of data; `Unreadable` in place of one that is broken, of which others follow."""
    page = page[:MOST]
    for script in _scripts(page):
        try:
            yield loose_json.loads(script)
        except Unreadable as error:
            yield error
    if "itemscope" in page:
        yield from _items(page)


def _scripts(page: str) -> Iterator[str]:
    at = 0
    while opening := _SCRIPT.search(page, at):
        closing = _SCRIPT_END.search(page, opening.end())
        at = closing.end() if closing else len(page)
        yield page[opening.end() : closing.start() if closing else at]


class _Open:
    """An element that has begun, where it matters."""

    def __init__(self, name: str, item: dict[str, Any] | None, prop: str, at: int) -> None:
        self.name = name
        self.item = item
        self.prop = prop
        """What its text is a value of, if it is no item."""
        self.at = at


def _items(page: str) -> list[dict[str, Any]]:
    """The outermost items of microdata."""
    found: list[dict[str, Any]] = []
    stack: list[_Open] = []
    for tag in _TAG.finditer(page):
        name = tag["name"].lower()
        if tag["end"]:
            _close(stack, name, page, tag.start())
            continue
        attributes = _attributes(tag["attributes"])
        prop = attributes.get("itemprop", "").strip()
        item = None
        if "itemscope" in attributes:
            kind = attributes.get("itemtype", "").split(" ")[0]
            item = {"@type": kind} if kind else {}
            if prop:
                _set(stack, prop, item)
            else:
                found.append(item)
        elif prop and (value := attributes.get(_BY_ATTRIBUTE.get(name, ""))) is not None:
            _set(stack, prop, value.strip())
            prop = ""
        if name not in _VOID and not tag["attributes"].endswith("/") and len(stack) < _MOST_DEPTH:
            stack.append(_Open(name, item, "" if item is not None else prop, tag.end()))
    return found


def _close(stack: list[_Open], name: str, page: str, at: int) -> None:
    if all(each.name != name for each in stack[-20:]):
        return
    while stack:
        element = stack.pop()
        if element.prop:
            text = re.sub(r"<[^<>]*>", " ", page[element.at : at][:4_000])
            _set(stack, element.prop, " ".join(html.unescape(text).split()))
        if element.name == name:
            return


def _set(stack: list[_Open], props: str, value: Any) -> None:
    """Gives the item around it a value; one that has some gets a list."""
    item = next((each.item for each in reversed(stack) if each.item is not None), None)
    if item is None:
        return
    for prop in props.split():
        if prop not in item:
            item[prop] = value
        elif isinstance(item[prop], list):
            item[prop].append(value)
        else:
            item[prop] = [item[prop], value]


def _attributes(text: str) -> dict[str, str]:
    return {
        found[1].lower(): html.unescape(found[2] or found[3] or found[4] or "")
        for found in _ATTRIBUTE.finditer(text)
    }
