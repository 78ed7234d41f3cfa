"""Each failure of a page is told as a page, in both languages, and needs no database for it."""

import re

import msgspec
import pytest

from domain.errors import Unavailable
from server.pages import front
from server.pages.table import Found
from server.pages.visit import PageRoute
from tests.support import add_session

HERE = {"Sec_Fetch_Site": "same-origin"}
FRENCH = {"Accept_Language": "fr"}


def told(page):
    """What a page says at its head, and below."""
    found = re.search(r"<h1>(.*)</h1>\s*<p>(.*)</p>", page)
    assert found, page
    return found.groups()


@pytest.fixture
def broken(monkeypatch):
    """Makes every page raise an error."""

    def with_error(error, access="anyone"):
        async def fail(_visit):
            raise error

        route = PageRoute("GET", "/broken", fail, access)
        monkeypatch.setattr(front, "find", lambda _path: Found({"GET": route}, {}))

    return with_error


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "english", "french"),
    [
        (
            *("POST", "/preferences", {"data": "theme=dark", "Sec_Fetch_Site": "cross-site"}),
            *(403, "This is not for you", "Ceci n’est pas pour vous"),
        ),
        ("GET", "/nothing", {}, 404, "There is nothing here", "Il n’y a rien ici"),
        ("GET", "/t/nothing", {}, 404, "There is nothing here", "Il n’y a rien ici"),
        ("GET", "/sign-out", {}, 405, "That did not work", "Cela n’a pas marché"),
        ("DELETE", "/sign-in", {}, 405, "That did not work", "Cela n’a pas marché"),
        (
            *("POST", "/preferences", {"data": "{}", "Content_Type": "application/json", **HERE}),
            *(415, "That did not work", "Cela n’a pas marché"),
        ),
        (
            *("POST", "/preferences", {"data": "a=" + 300_000 * "b", **HERE}),
            *(413, "That is too large", "C’est trop gros"),
        ),
        (
            *("POST", "/preferences", {"data": "a=%FF", **HERE}),
            *(400, "That did not work", "Cela n’a pas marché"),
        ),
    ],
)
async def test_a_refusal_is_told_as_a_page(ask, method, path, options, status, english, french):
    for language, title in (({}, english), (FRENCH, french)):
        answered, headers, page = await ask(path, method, **options, **language)
        assert answered == status
        assert headers["Content-Type"] == "text/html; charset=utf-8"
        assert headers["Cache-Control"] == "no-store"
        assert told(page)[0] == title
        assert headers["X-Request-Id"] in page


async def test_a_bug_is_told_as_a_page_and_shows_nothing_of_it(ask, broken):
    broken(RuntimeError("the door code is 4711"))
    status, headers, page = await ask("/broken")
    assert status == 500
    assert told(page)[0] == "Something went wrong here"
    assert headers["X-Request-Id"] in page
    assert "4711" not in page
    assert told((await ask("/broken", **FRENCH))[2])[0] == "Quelque chose s’est mal passé ici"


async def test_errors_need_no_database(ask, world, monkeypatch):
    token = await add_session(world.store, world.owner.user_id)

    async def unreachable(*_given, **_named):
        raise Unavailable

    for road in ("read", "write", "look_up"):
        monkeypatch.setattr(world.store, road, unreachable)
    status, headers, page = await ask("/sign-in", token=token)
    assert status == 503
    assert headers["Retry-After"] == "1"
    assert told(page)[0] == "Back in a moment"
    assert told((await ask("/", token=token, **FRENCH))[2])[0] == "De retour dans un instant"
    assert (await ask("/nothing"))[0] == 404


async def test_too_many_requests_are_told_with_how_long_to_wait(ask, world):
    msgspec.structs.force_setattr(world.settings.limits, "session_requests_per_minute", 1)
    assert (await ask("/sign-in"))[0] == 200
    status, headers, page = await ask("/sign-in")
    wait = headers["Retry-After"]
    assert status == 429
    assert told(page)[0] == "That was a lot at once"
    assert re.fullmatch(rf"Wait (?:{wait} seconds|a second), then try again\.", told(page)[1])
    title, text = told((await ask("/sign-in", **FRENCH))[2])
    assert title == "Trop de demandes à la fois"
    assert re.match(r"Attendez (?:\d+ secondes|une seconde)", text)


async def test_what_is_no_name_of_a_host_is_told_as_a_page(ask):
    status, _, page = await ask("/nothing", Host="[not-an-address")
    assert status == 404
    assert "not private" in page


async def test_what_is_no_origin_is_another_one(ask):
    status, _, page = await ask("/preferences", "POST", "theme=dark", Origin="http://[nowhere")
    assert (status, told(page)[0]) == (403, "This is not for you")


async def test_a_page_for_whoever_has_the_link_offers_nothing_that_cannot_be_sent(ask, broken):
    broken(RuntimeError(), access="link")
    status, headers, page = await ask("/broken")
    assert status == 500
    assert "form-action 'none'" in headers["Content-Security-Policy"]
    assert "<form" not in page


async def test_programs_that_ask_for_no_page_are_told_in_json(ask):
    status, headers, body = await ask("/nothing", Accept="application/json")
    assert status == 404
    assert headers["Content-Type"] == "application/json"
    assert '"NOT_FOUND"' in body
