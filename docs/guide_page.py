"""Renders the guide: Markdown as the HTML of a page, with headings to link to and their list."""

import itertools
import re
from collections.abc import Iterator
from html import escape
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

_markdown: Final = MarkdownIt("commonmark", {"html": False}).enable("table")


def rendered(text: str, *, like: str, contents: str) -> str:
    """The main part of the page; its headings are linked to as those of the text it is `like`.

    `contents` is what the list of them is called.
    """
    tokens = _markdown.parse(text)
    items = []
    names = (slug(_plain(inline)) for _, inline in _headings(_markdown.parse(like)))
    for (opening, inline), name in zip(_headings(tokens), names, strict=True):
        opening.attrSet("id", name)
        if opening.tag == "h2":
            items.append(f'<li><a href="#{name}">{escape(_plain(inline))}</a></li>\n')
    html = _markdown.renderer.render(tokens, _markdown.options, {})
    nav = f'<nav class="contents" aria-label="{contents}">\n<ol>\n{"".join(items)}</ol>\n</nav>'
    return f'\n<div class="guide">\n{nav}\n<main>\n{html}</main>\n</div>\n'


def _headings(tokens: list[Token]) -> Iterator[tuple[Token, Token]]:
    """Where each begins, and what it says."""
    for opening, inline in itertools.pairwise(tokens):
        if opening.type == "heading_open":
            yield opening, inline


def slug(title: str) -> str:
    """What a heading is linked to by, as Markdown is shown elsewhere."""
    return re.sub(r"[^\w-]", "", title.lower().replace(" ", "-"))


def _plain(inline: Token) -> str:
    """The text of a heading, without its marks."""
    return "".join(child.content for child in inline.children or ())
