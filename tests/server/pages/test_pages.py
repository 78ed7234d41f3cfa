"""Pages over HTTP: what they may run, caching, compression, and that nobody needs a key."""

import gzip
import re

import aiohttp
import pytest

from server.app import build_app
from server.health import Health
from server.pages.assets import ASSETS
from tests.server.test_listener import listening
from tests.support import Client, Response

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "font-src": "'self'",
    "connect-src": "'self'",
    "img-src": "'self' data:",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}

each_page = pytest.mark.parametrize("page", ASSETS, ids=lambda page: page.path)


@pytest.fixture
def storage_url(tmp_path):
    """Pages know no database: one is enough."""
    return f"sqlite:///{tmp_path}/carnet.db"


@pytest.fixture
def ask(world):
    """Asks for a page, without a key."""

    async def send(path: str, method: str = "GET", **headers: str) -> Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        anyone: Client = world.as_(None)
        return await anyone.send(method, f"{world.running.base}{path}", headers=named)

    return send


@each_page
async def test_a_page_is_for_anyone_and_runs_nothing_from_elsewhere(ask, page):
    shown = await ask(page.path, Accept_Encoding="identity")
    assert shown.status == 200
    assert shown.raw
    assert shown.headers["Content-Type"] == page.media_type
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert shown.headers["Referrer-Policy"] == "same-origin"
    assert re.fullmatch("req_[0-9a-f-]{36}", shown.headers["X-Request-Id"])
    policy = (part.split(" ", 1) for part in shown.headers["Content-Security-Policy"].split("; "))
    assert dict(policy) == POLICY
    assert "X-RateLimit-Limit" not in shown.headers


@each_page
async def test_head_is_answered_as_get_is(ask, page):
    shown, head = await ask(page.path), await ask(page.path, "HEAD")
    assert (head.status, head.raw) == (200, b"")
    for name in ("Content-Type", "Content-Length", "Content-Encoding", "ETag", "Cache-Control"):
        assert head.headers.get(name) == shown.headers.get(name)


@each_page
async def test_what_is_known_is_not_sent_again(ask, page):
    shown = await ask(page.path)
    again = await ask(page.path, If_None_Match=shown.headers["ETag"])
    assert (again.status, again.raw) == (304, b"")
    assert again.headers["ETag"] == shown.headers["ETag"]
    assert (await ask(page.path, If_None_Match='"other"')).status == 200


@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [
        ("gzip, deflate, br", True),
        ("br;q=1.0, gzip;q=0.8", True),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip; q=0.0, identity", False),
        ("xgzip", False),
    ],
)
async def test_compression_is_agreed_on(world, accepted, compressed):
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        url = f"{world.running.base}/docs/static/pages.css"
        async with session.get(url, headers={"Accept-Encoding": accepted}) as shown:
            sent = await shown.read()
        async with session.get(url, headers={"Accept-Encoding": "identity"}) as shown_plain:
            plain = await shown_plain.read()
    assert (shown.headers.get("Content-Encoding") == "gzip") == compressed
    assert shown.headers["Vary"] == "Accept-Encoding"
    assert (gzip.decompress(sent) if compressed else sent) == plain
    assert (shown.headers["ETag"] != shown_plain.headers["ETag"]) == compressed


@pytest.mark.parametrize("path", ["/docs", "/docs/guide"])
async def test_what_a_page_links_to_is_there_and_kept(ask, path):
    page = await ask(path)
    assert page.headers["Cache-Control"] == "no-cache"
    links = re.findall(r'(?:src|href)="([^"#:]+)"', page.raw.decode())
    assert len(links) >= 4
    for link in links:
        at = path.rpartition("/")[0] + "/" + link
        at = re.sub(r"[^/]+/\.\./", "", at)
        found = await ask(at)
        assert found.status == 200, link
        if "static/" in link:
            assert found.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    for other in ("", "?0123456789abcdef"):
        shown = await ask(f"/docs/static/pages.css{other}")
        assert shown.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", ["/docs", "/docs/guide"])
async def test_a_page_about_the_api_speaks_the_readers_language(world, path):
    tags = {}
    async with aiohttp.ClientSession() as session:
        for headers, language in (
            ({}, "en"),
            ({"Accept-Language": "de"}, "en"),
            ({"Accept-Language": "fr-CA, en;q=0.5"}, "fr"),
            ({"Accept-Language": "en", "Cookie": "carnet-language=fr"}, "fr"),
        ):
            async with session.get(f"{world.running.base}{path}", headers=headers) as shown:
                assert f'<html lang="{language}">' in await shown.text()
                assert {"Accept-Language", "Cookie"} <= {*shown.headers["Vary"].split(", ")}
                tags[shown.headers["ETag"]] = language
        assert sorted(tags.values()) == ["en", "fr"]
        (french,) = (tag for tag, language in tags.items() if language == "fr")
        for language, status in (("fr", 304), ("en", 200)):
            headers = {"Accept-Language": language, "If-None-Match": french}
            async with session.get(f"{world.running.base}{path}", headers=headers) as known:
                assert known.status == status


async def test_what_a_style_sheet_links_to_is_kept(ask):
    style = (await ask("/static/app.css")).raw.decode()
    fonts = re.findall(r"url\(([^)]+)\)", style)
    assert len(fonts) == 4
    for font in fonts:
        found = await ask(f"/static/{font}")
        assert found.status == 200, font
        assert found.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    # What is preloaded has the same address, or it would be sent twice.
    preloaded = re.search(
        r'rel="preload" href="/static/([^"]+)"', (await ask("/sign-in")).raw.decode()
    )
    assert preloaded
    assert preloaded[1] in fonts


async def test_a_page_is_only_read(ask):
    refused = await ask("/docs", "POST")
    assert (refused.status, refused.code) == (405, "METHOD_NOT_ALLOWED")
    assert refused.headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "path", ["/docs/", "/docs/static/", "/docs/static/../docs.html", "/docs/front.py", "/doc"]
)
async def test_nothing_else_is_served(ask, path):
    assert (await ask(path)).code == "NOT_FOUND"


async def test_pages_are_below_the_path_of_the_public_url_too(world):
    services = world.running.services
    object.__setattr__(services, "public_url", "https://example.org/carnet")
    async with (
        listening(build_app(services, Health({}))) as (_, url),
        aiohttp.ClientSession() as session,
    ):
        for path in ("/carnet/docs", "/docs", "/carnet/docs/static/docs.js"):
            async with session.get(f"{url}{path}") as shown:
                assert shown.status == 200
        async with session.get(f"{url}/carnet/api/v1/openapi.json") as described:
            (server,) = (await described.json())["servers"]
            assert server["url"] == "/carnet/api/v1"
