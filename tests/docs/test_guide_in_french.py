"""The guide in French says what the English one does: the same blocks, code and links."""

from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from docs import generate
from docs.generate import ROOT

MARKDOWN = MarkdownIt("commonmark").enable("table")
ENGLISH, FRENCH = (ROOT / "docs" / name for name in ("api.md", "api.fr.md"))


def blocks(path: Path) -> list[tuple[str, ...]]:
    """The text's blocks in their order: of each its kind, and what is the same in any language."""
    found = []
    for token in MARKDOWN.parse(path.read_text(encoding="utf-8")):
        same = [token.content] if token.type == "fence" else []
        for child in token.children or ():
            if child.type == "code_inline":
                same.append(child.content)
            elif child.type == "link_open":
                same.append(str(child.attrGet("href")))
            elif child.type == "html_inline":
                same.append(child.content)
        found.append((token.type, token.tag, *sorted(same)))
    return found


def test_every_block_has_the_same_code_and_links():
    english, french = blocks(ENGLISH), blocks(FRENCH)
    for number, (one, other) in enumerate(zip(english, french, strict=False)):
        assert other == one, f"block {number} of docs/api.fr.md"
    assert len(french) == len(english)


def test_both_pages_have_the_same_headings_to_link_to():
    ids = [
        [line.split('"')[1] for line in guide().splitlines() if line.startswith(("<h1 ", "<h2 "))]
        for guide in (generate.guide, generate.guide_fr)
    ]
    assert len(ids[0]) > 10
    assert ids[0] == ids[1]


def test_signs_are_set_as_in_french():
    text = "".join(
        child.content
        for token in MARKDOWN.parse(FRENCH.read_text(encoding="utf-8"))
        for child in token.children or ()
        if child.type == "text"
    )
    for wrong in ("'", '"', " :", " ;", " !"):
        assert wrong not in text, wrong
    assert "\u202f:" in text


@pytest.mark.parametrize("name", ["docs", "guide"])
def test_both_pages_have_the_same_frame(name):
    pages = ROOT / "server" / "pages"
    english, french = (
        (pages / f"{name}{suffix}.html").read_text(encoding="utf-8").partition("<!-- gen")[0]
        for suffix in ("", ".fr")
    )
    for tag in ("<link", "<script", "<meta", "<nav", "<form", "<input", "<main"):
        assert english.count(tag) == french.count(tag), tag
    assert '<html lang="fr">' in french
