"""Maps in Chromium: names are where the drawing has reckoned, on a wide page and on a phone."""

import itertools
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Route

from server.pages import assets
from server.pages.map import draw
from tests.browser import browsing
from tests.server.pages.test_map_drawing import AROUND_THE_WORLD, EUROPE, JAPAN

pytestmark = pytest.mark.debian

MAPS = (JAPAN, EUROPE, AROUND_THE_WORLD)

_BOXES = """
() => [...document.querySelectorAll('.smap')].map(map =>
  [map, ...map.querySelectorAll('.name, .dot')]
    .filter(each => getComputedStyle(each).display !== 'none')
    .map(each => {
      const {left, top, right, bottom} = each.getBoundingClientRect();
      return {what: each.textContent.slice(0, 20), kind: each.getAttribute('class'),
              left, top, right, bottom};
    }))
"""


STATIC = Path(assets.__file__).parent / "static"


async def answer(route: Route) -> None:
    """The page at `/`, and the files it asks for."""
    path = urlsplit(route.request.url).path.lstrip("/")
    if path:
        await route.fulfill(path=STATIC / path)
        return
    maps = "".join(f"<figure>{draw(trip, id=f'map-{n}')}</figure>" for n, trip in enumerate(MAPS))
    await route.fulfill(
        content_type="text/html",
        body='<!doctype html><html lang="en"><title>Maps</title>'
        '<meta name="viewport" content="width=device-width">'
        '<link rel="stylesheet" href="/app.css">'
        f'<main class="shared"><h1>Maps</h1>{maps}</main>',
    )


def meet(a: dict[str, float], b: dict[str, float]) -> bool:
    """Whether two things have more than half a pixel in common."""
    return (
        min(a["right"], b["right"]) - max(a["left"], b["left"]) > 0.5
        and min(a["bottom"], b["bottom"]) - max(a["top"], b["top"]) > 0.5
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 390])
async def test_names_hide_nothing_and_axe_finds_nothing(width, scheme):
    viewport = {"width": width, "height": 900}
    async with browsing(viewport=viewport, color_scheme=scheme) as browser:
        await browser.page.route("**/*", answer)
        await browser.page.goto("http://maps.test/")
        await browser.page.evaluate("async () => { await document.fonts.ready; }")
        for frame, *things in await browser.page.evaluate(_BOXES):
            names = [thing for thing in things if "name" in thing["kind"]]
            assert len(names) >= 4
            for name in names:
                assert frame["left"] <= name["left"], name
                assert name["right"] <= frame["right"], name
            pairs = itertools.combinations(things, 2)
            over = [(a, b) for a, b in pairs if meet(a, b) and "name" in a["kind"] + b["kind"]]
            assert over == []
        assert await browser.axe() == []
