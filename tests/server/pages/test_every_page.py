"""What holds for every page and form: who is let in, who may send, what may run and be kept."""

import re

import pytest

from server.pages.table import PAGES
from tests.support import add_session

GETS = [page for page in PAGES if page.method == "GET"]
POSTS = [page for page in PAGES if page.method == "POST"]
ANOTHERS = [
    pytest.param({"Sec_Fetch_Site": "cross-site"}, id="cross-site"),
    pytest.param({"Sec_Fetch_Site": "same-site"}, id="same-site"),
    pytest.param({"Sec_Fetch_Site": "none"}, id="none"),
    pytest.param({"Origin": "https://evil.example"}, id="origin"),
    pytest.param({"Origin": "null"}, id="null"),
    pytest.param({}, id="nothing"),
]
"""What a browser says of a page that is not this server's, or a program that says nothing."""
FORBIDDEN = ("unsafe", "http:", "https:", "*", "'strict-dynamic'")


def of(pages):
    return pytest.mark.parametrize("page", pages, ids=lambda page: f"{page.method} {page.path}")


@pytest.fixture
async def token(world):
    """Of a session of the owner."""
    return await add_session(world.store, world.owner.user_id)


@pytest.fixture
def at(world):
    """Where a page is: with the trip there is, and with other names that nothing has."""

    def path(page):
        return re.sub(r"\{\w+\}", "nothing", page.path.replace("{tripId}", world.trip_id))

    return path


@of(GETS)
async def test_a_page_runs_and_keeps_nothing_that_it_must_not(ask, at, token, page):
    for who in (None, token):
        status, headers, _ = await ask(at(page), token=who)
        assert status in (200, 303, 304, 404, 410), status
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; base-uri 'none'; frame-ancestors 'none'; ")
        assert not any(word in policy for word in FORBIDDEN)
        assert headers["X-Content-Type-Options"] == "nosniff"
        link = page.access == "link"
        assert headers["Referrer-Policy"] == ("no-referrer" if link else "same-origin")
        if link:
            assert "script-src" not in policy
            assert headers["X-Robots-Tag"] == "noindex"
        kept = headers["Cache-Control"]
        assert kept == "no-store" or (kept == "no-cache" and "Cookie" in headers["Vary"])


@of([page for page in GETS if page.access == "session"])
async def test_a_stranger_signs_in_first_and_is_led_back(ask, at, page):
    status, headers, body = await ask(at(page))
    assert (status, body) == (303, "")
    assert headers["Location"] == f"/sign-in?next={at(page).replace('/', '%2F')}"


@of([page for page in POSTS if page.access == "session"])
async def test_a_form_of_a_stranger_does_nothing(ask, at, page):
    status, headers, _ = await ask(at(page), "POST", "", Sec_Fetch_Site="same-origin")
    assert (status, headers["Location"]) == (303, "/sign-in")


@of(POSTS)
@pytest.mark.parametrize("headers", ANOTHERS)
async def test_a_form_on_a_page_of_another_does_nothing(ask, at, token, page, headers):
    for who in (None, token):
        status, answered, body = await ask(at(page), "POST", "", token=who, **headers)
        assert status == 403
        assert "Set-Cookie" not in answered
        assert "This is not for you" in body
