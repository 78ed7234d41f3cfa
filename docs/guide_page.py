"""Renders the guide: Markdown as the HTML of a page, with headings to link to and their list."""

import itertools
import re
from html import escape
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

_markdown: Final = MarkdownIt("commonmark", {"html": False}).enable("table")


def rendered(text: str) -> str:
    """The main part of the page."""
    tokens = _markdown.parse(text)
    contents = []
    for opening, inline in itertools.pairwise(tokens):
        if opening.type == "heading_open":
            title = _plain(inline)
            opening.attrSet("id", slug(title))
            if opening.tag == "h2":
                contents.append(f'<li><a href="#{slug(title)}">{escape(title)}</a></li>\n')
    html = _markdown.renderer.render(tokens, _markdown.options, {})
    nav = f'<nav class="contents" aria-label="Contents">\n<ol>\n{"".join(contents)}</ol>\n</nav>'
    return f'\n<div class="guide">\n{nav}\n<main>\n{html}</main>\n</div>\n'


def slug(title: str) -> str:
    """What a heading is linked to by, as Markdown is shown elsewhere."""
    return re.sub(r"[^\w-]", "", title.lower().replace(" ", "-"))


def _plain(inline: Token) -> str:
    """The text of a heading, without its marks."""
    return "".join(child.content for child in inline.children or ())
