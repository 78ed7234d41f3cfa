"""Text out of the HTML that descriptions of places hold."""

import re
from html import unescape
from html.parser import HTMLParser
from typing import Final

_TAG: Final = re.compile(
    r"</?(?:a|b|big|br|blockquote|center|code|div|em|font|h[1-6]|hr|html|head|body|i|img|li|ol|p|pre"
    r"|small|span|strong|style|script|sub|sup|table|tbody|td|th|thead|tr|u|ul|meta|link|title)\b[^<>]*>",
    re.IGNORECASE,
)
_ENTITY: Final = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});", re.IGNORECASE)
_BREAKS: Final = {
    *("br", "p", "div", "li", "ul", "ol", "tr", "table", "hr", "blockquote", "pre", "center"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "body"),
}
_UNSEEN: Final = frozenset({"script", "style", "head", "title"})
_MOST: Final = 64 << 10
"""Characters that are read as HTML: notes hold 10,000, and `HTMLParser` is slow on some texts."""


def from_html(text: str) -> str:
    """A text as one reads it, with the addresses of its pictures below; plain text as it is."""
    text = text.replace("<![CDATA[", "").replace("]]>", "").replace("[object Object]", "")
    if len(text) > _MOST:
        return text.strip()
    if _TAG.search(text) is None:
        return (unescape(text) if _ENTITY.search(text) else text).strip()
    parser = _Reader()
    # `HTMLParser` asserts that it knows every marked section, which HTML has none of.
    parser.feed(text.replace("<![", "&lt;!["))
    parser.close()
    return parser.told()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._pictures: list[str] = []
        self._unseen = 0
        self._links: list[tuple[str, int]] = []
        """Addresses, and where the text that leads to them begins."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BREAKS:
            self._parts.append("\n")
        elif tag in ("td", "th"):
            self._parts.append(" ")
        elif tag in _UNSEEN:
            self._unseen += 1
        if tag == "img" and (source := dict(attrs).get("src")):
            self._pictures.append(source.strip())
        elif tag == "a":
            self._links.append(((dict(attrs).get("href") or "").strip(), len(self._parts)))

    def handle_endtag(self, tag: str) -> None:
        if tag in _BREAKS and tag != "br":
            self._parts.append("\n")
        elif tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag == "a" and self._links:
            address, start = self._links.pop()
            shown = "".join(self._parts[start:])
            if address.startswith(("http:", "https:", "mailto:")) and not _leads(shown, address):
                self._parts.append(f" {address}")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            # A line's end is a blank in HTML.
            self._parts.append(re.sub(r"[ \t\r\n\xa0]+", " ", data))

    def told(self) -> str:
        lines = [" ".join(line.split(" ")).strip() for line in "".join(self._parts).split("\n")]
        text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
        pictures = [each for each in dict.fromkeys(self._pictures) if each not in text]
        return "\n".join([text, *pictures]).strip()


def _leads(shown: str, address: str) -> bool:
    """Whether the text already is the address, as one shortens it."""
    bare = re.sub(r"^(?:https?://(?:www\.)?|mailto:)|/$", "", address)
    return bool(bare) and bare in shown
