"""Pages to sign in, set up, set a new password, and look at one's sessions, by raw HTTP."""

import datetime
import gzip
import html
import re
from urllib.parse import quote, urlencode

import pytest

from domain.clock import timestamp
from domain.set_up_code import set_up_code
from domain.sign_in import MOST_OF_ACCOUNT
from server.pages import browsers
from storage import credentials
from tests.hashing import counted
from tests.support import PASSWORD, add_session, gather, now

EMAIL = "owner@example.org"
NEW = "another ferry, later"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PRIVATE = ("/sign-in", "/setup", "/settings/sessions", "/settings/account/password")


@pytest.fixture
def storage_url(tmp_path):
    """One database is enough: what pages read and write is tested on all of them elsewhere."""
    return f"sqlite:///{tmp_path}/carnet.db"


@pytest.fixture
def ask(world):
    """Asks for a page as a browser does, without being led on; a `form` is sent."""

    async def send(path, form=None, token=None, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named.setdefault("Accept", "text/html")
        if token:
            named["Cookie"] = f"__Host-carnet={token}"
        data, method = None, "GET"
        if form is not None:
            data, method = urlencode(form), "POST"
            named["Content-Type"] = "application/x-www-form-urlencoded"
            named.setdefault("Sec-Fetch-Site", "same-origin")
        async with world.as_(None)._session.request(
            method, f"{world.running.base}{path}", data=data, headers=named, allow_redirects=False
        ) as response:
            return response.status, response.headers, await response.text()

    return send


@pytest.fixture
async def token(world):
    """That of a session of the owner's."""
    return await add_session(world.store, world.owner.user_id)


@pytest.fixture
async def new(world):
    """The first user is nobody's yet."""
    await world.store.write(lambda tx: tx.execute("UPDATE users SET password = NULL"))


def token_in(headers):
    return headers["Set-Cookie"].partition(";")[0].removeprefix("__Host-carnet=")


def sign_in(ask, password=PASSWORD, email=EMAIL, next="", **headers):
    return ask("/sign-in", {"email": email, "password": password, "next": next}, **headers)


async def session_of(world, token):
    return (await world.client.with_session(token).get("/session")).status


# Signing in.


async def test_whoever_signs_in_goes_on_to_where_they_were_going(ask, world):
    _, headers, _ = await ask("/settings/sessions")
    assert headers["Location"] == "/sign-in?next=%2Fsettings%2Fsessions"
    _, _, page = await ask(headers["Location"])
    assert 'name="next" value="/settings/sessions"' in page
    status, headers, _ = await sign_in(ask, next="/settings/sessions")
    assert (status, headers["Location"]) == (303, "/settings/sessions")
    assert headers["Cache-Control"] == "no-store"
    assert await session_of(world, token_in(headers)) == 200


async def test_signing_in_again_ends_the_session_it_came_with(ask, world, token):
    _, headers, _ = await sign_in(ask, token=token)
    assert await session_of(world, token) == 401
    assert await session_of(world, token_in(headers)) == 200
    _, headers, _ = await ask("/sign-in?next=/trips/x", token=token_in(headers))
    assert headers["Location"] == "/trips/x"


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "javascript:alert(1)",
        "/\r\nSet-Cookie: a=b",
        "/trips\nLocation: https://evil.example",
        "/\t/evil.example",
        " /trips",
        "trips",
        "",
        "/" + "x" * 3_000,
    ],
)
async def test_nobody_is_led_to_another_server(ask, token, address):
    status, headers, _ = await sign_in(ask, next=address)
    assert (status, headers["Location"].partition("x")[0]) == (303, "/trips")
    assert headers.getall("Set-Cookie")[0].startswith("__Host-carnet=")
    assert len(headers.getall("Set-Cookie")) == 1
    _, _, page = await ask(f"/sign-in?next={quote(address, safe='')}")
    assert 'name="next" value="/trips"' in page
    _, headers, _ = await ask(f"/sign-in?next={quote(address, safe='')}", token=token)
    assert headers["Location"] == "/trips"


async def test_a_host_that_is_none_of_ours_is_repeated_nowhere(ask):
    status, headers, page = await ask("/sign-in", Host='evil.example"><script>')
    assert "evil.example" not in page + str(headers)
    assert status in (200, 400)
    _, headers, _ = await sign_in(ask, Host="evil.example", Sec_Fetch_Site="same-origin")
    assert headers["Location"] == "/trips"
    assert headers["Set-Cookie"].startswith("carnet=")


async def test_all_that_is_wrong_looks_alike(ask, world, monkeypatch):
    await world.person("nopassword", None)
    counting, pages = counted(monkeypatch), []
    for email, password in (
        (EMAIL, "not this one"),
        ("nobody@example.org", PASSWORD),
        ("nopassword@example.org", PASSWORD),
        ("no address", PASSWORD),
    ):
        status, headers, page = await sign_in(ask, password, email)
        assert (status, headers["Cache-Control"]) == (400, "no-store")
        assert not {"Set-Cookie", "WWW-Authenticate"} & set(headers)
        assert PASSWORD not in page
        pages.append(page.replace(html.escape(email), "EMAIL"))
    assert pages[0].count("The e-mail or the password is wrong.") == 1
    assert len({*pages}) == 1
    assert len(counting.verified) == len(pages)


async def test_guesses_on_the_page_are_counted_with_those_by_http(ask, world):
    for _ in range(MOST_OF_ACCOUNT // 2):
        await sign_in(ask, "guess")
        body = {"email": EMAIL, "password": "guess"}
        here = {"Sec-Fetch-Site": "same-origin"}
        await world.as_(None).post("/session", body, headers=here)
    status, headers, page = await sign_in(ask)
    assert status == 429
    assert int(headers["Retry-After"]) > 0
    assert "Too many tries" in page


async def test_a_password_keeps_its_spaces(ask, world):
    services = world.running.services
    hashed = await services.passwords.hash("  spaces matter ")
    await world.store.write(lambda tx: tx.execute("UPDATE users SET password = $1", hashed))
    assert (await sign_in(ask, "spaces matter"))[0] == 400
    assert (await sign_in(ask, "  spaces matter "))[0] == 303


async def test_the_page_is_small(ask, world):
    _, _, page = await ask("/sign-in")
    (style,) = re.findall(r'rel="stylesheet" href="([^"]+)"', page)
    _, _, sheet = await ask(style)
    size = sum(len(gzip.compress(text.encode(), 6)) for text in (page, sheet))
    assert size <= 15_000
    assert "<script" not in page


@pytest.mark.parametrize("path", PRIVATE)
async def test_no_cache_keeps_these_pages(ask, token, path):
    for who in (None, token):
        _, headers, _ = await ask(path, token=who)
        assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    ["/sign-in", "/setup", "/reset/x", "/settings/account/password", "/settings/sessions/end"],
)
async def test_a_form_of_another_server_does_nothing(ask, token, path):
    form = {"email": EMAIL, "password": PASSWORD}
    status, headers, _ = await ask(path, form, token=token, Sec_Fetch_Site="cross-site")
    assert status == 403
    assert "Set-Cookie" not in headers


# The first run.


def set_up_form(world, **fields):
    code = set_up_code(world.running.services.signing_secret)
    return {"code": code, "email": "olga@example.org", "name": "Olga", "password": NEW, **fields}


async def test_a_new_server_leads_to_the_set_up_which_never_tells_the_code(ask, world, new):
    for path, to in (("/", "/sign-in"), ("/sign-in", "/setup"), ("/sign-in?next=/x", "/setup")):
        status, headers, _ = await ask(path)
        assert (status, headers["Location"]) == (303, to)
    code = set_up_code(world.running.services.signing_secret)
    _, _, page = await ask("/setup")
    assert code not in page
    _, _, page = await ask("/setup?code=ABC%22DEF")
    assert 'value="ABC&#34;DEF"' in page


async def test_others_sign_in_before_the_first_user_is_set_up(ask, world, new):
    ben = await world.person("ben", None)
    hashed = await world.running.services.passwords.hash(NEW)
    await world.store.write(lambda tx: credentials.set_password(tx, ben.user_id, hashed))
    assert (await ask("/sign-in"))[0] == 200
    assert (await sign_in(ask, NEW, ben.email))[0] == 303
    assert (await ask("/setup"))[0] == 200


async def test_the_set_up_makes_an_account_and_a_trip_to_look_at(ask, world, new):
    status, headers, _ = await ask("/setup", set_up_form(world, sample="yes"))
    assert (status, headers["Location"]) == (303, "/trips")
    session = world.client.with_session(token_in(headers))
    trips = (await session.get("/trips")).json["items"]
    sample = next(trip for trip in trips if trip["title"] == "Two weeks in Japan")
    whole = (await session.get(f"/trips/{sample['_id']}/export")).json
    assert len(whole["legs"]) > 3
    history = (await session.get(f"/trips/{sample['_id']}/history")).json["items"]
    assert [(entry["via"], entry["by"]["name"]) for entry in history] == [("web", "Olga")] * 2
    for path in ("/setup", "/sign-in"):
        assert (await ask(path, token=token_in(headers)))[1]["Location"] == "/trips"
    assert (await ask("/setup"))[1]["Location"] == "/sign-in"


async def test_no_sample_is_made_unless_it_is_wanted(ask, world, new):
    _, headers, _ = await ask("/setup", set_up_form(world))
    trips = (await world.client.with_session(token_in(headers)).get("/trips")).json["items"]
    assert [trip["title"] for trip in trips] == ["Cotswolds"]


async def test_of_many_set_ups_at_once_one_wins(ask, world, new):
    forms = [set_up_form(world, email=f"user{number}@example.org") for number in range(4)]
    answers = await gather(*(ask("/setup", form) for form in forms))
    assert [status for status, _, _ in answers] == [303] * 4
    cookies = ["Set-Cookie" in headers for _, headers, _ in answers]
    assert sorted(cookies) == [False] * 3 + [True]


async def test_what_is_wrong_with_a_set_up_stands_at_its_field(ask, world, new):
    fields = {"email": "nobody", "name": "", "password": "short", "sample": "yes"}
    status, headers, page = await ask("/setup", set_up_form(world, **fields))
    assert (status, headers["Cache-Control"]) == (400, "no-store")
    assert page.count('aria-invalid="true"') == 3
    assert "An e-mail address looks like ann@example.org." in page
    assert "Use 8 characters or more." in page
    assert 'value="nobody"' in page
    assert "short" not in page
    assert "checked" in page
    status, _, page = await ask("/setup", set_up_form(world, code="wrong"))
    assert status == 403
    assert "This is not the code that the server has printed." in page
    assert 'aria-invalid="true"' in page


# A new password.


async def reset_link(world):
    ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
    token = await world.store.write(
        lambda tx: credentials.create_reset(
            tx, world.owner.user_id, now=now(), expires_at=timestamp(ends)
        )
    )
    return f"/reset/{token}"


async def test_a_reset_link_works_once(ask, world, token):
    link = await reset_link(world)
    status, headers, page = await ask(link)
    assert (status, headers["Cache-Control"]) == (200, "no-store")
    assert EMAIL in page
    status, headers, page = await ask(link, {"password": "short"})
    assert (status, headers["Cache-Control"]) == (400, "no-store")
    assert "Use 8 characters or more." in page
    status, headers, _ = await ask(link, {"password": NEW})
    assert (status, headers["Location"]) == (303, "/sign-in?done=password_set")
    assert "Set-Cookie" not in headers
    assert "Your new password is set." in (await ask(headers["Location"]))[2]
    assert await session_of(world, token) == 401
    assert (await sign_in(ask, NEW))[0] == 303
    for path in (link, f"/reset/{'x' * 43}", "/reset/x"):
        for form in (None, {"password": "yet another one"}):
            status, _, page = await ask(path, form)
            assert status == 404
            assert "There is nothing here" in page
    assert (await sign_in(ask, NEW))[0] == 303


async def test_a_password_is_changed_in_the_settings(ask, world, token):
    other = await add_session(world.store, world.owner.user_id)
    path = "/settings/account/password"
    _, _, page = await ask(path, token=token)
    assert 'autocomplete="current-password"' in page
    status, _, page = await ask(path, {"current": "wrong", "new": NEW}, token=token)
    assert status == 400
    assert "This is not your password." in page
    status, _, page = await ask(path, {"current": PASSWORD, "new": "short"}, token=token)
    assert status == 400
    assert "Use 8 characters or more." in page
    status, headers, _ = await ask(path, {"current": PASSWORD, "new": NEW}, token=token)
    assert (status, headers["Location"]) == (303, "/settings/account?done=password_changed")
    assert [await session_of(world, each) for each in (token, other)] == [200, 401]
    assert (await sign_in(ask, NEW))[0] == 303


async def test_who_has_no_password_is_not_asked_for_it(ask, world):
    other = await world.person("other", None)
    token = await add_session(world.store, other.user_id)
    path = "/settings/account/password"
    assert "current-password" not in (await ask(path, token=token))[2]
    assert (await ask(path, {"new": NEW}, token=token))[0] == 303
    assert (await sign_in(ask, NEW, other.email))[0] == 303


# Sessions.


async def test_sessions_are_listed_and_ended(ask, world, token):
    _, headers, _ = await sign_in(ask, User_Agent=FIREFOX)
    mine = token_in(headers)
    _, _, page = await ask("/settings/sessions", token=mine)
    first, second = re.findall(r'<li class="card session">.*?</li>', page, re.DOTALL)
    assert "Firefox, Linux" in first
    assert "This browser" in first
    assert "127.0.0.1" in first
    assert "<form" not in first
    (session_id,) = re.findall(r'name="session" value="(\w+)"', second)
    for _ in range(2):
        _, headers, _ = await ask("/settings/sessions/end", {"session": session_id}, token=mine)
        assert headers["Location"] == "/settings/sessions?done=session_ended"
    assert [await session_of(world, each) for each in (token, mine)] == [401, 200]
    assert "Sign out everywhere else" not in (await ask("/settings/sessions", token=mine))[2]


async def test_all_others_are_ended_at_once(ask, world, token):
    others = [await add_session(world.store, world.owner.user_id) for _ in range(2)]
    _, headers, _ = await ask("/settings/sessions/end-others", {}, token=token)
    assert "You are signed out everywhere else." in (await ask(headers["Location"], token=token))[2]
    assert [await session_of(world, each) for each in (token, *others)] == [200, 401, 401]


async def test_nobody_ends_anothers_session(ask, world, token):
    other = await world.person("other", None)
    theirs = await add_session(world.store, other.user_id)
    found = (await world.client.with_session(theirs).get("/session")).json["session"]["_id"]
    await ask("/settings/sessions/end", {"session": found}, token=token)
    await ask("/settings/sessions/end-others", {}, token=token)
    assert await session_of(world, theirs) == 200


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox, Linux",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
            " Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
            "Edge, Windows",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like"
            " Gecko) Version/18.0 Safari/605.1.15",
            "Safari, macOS",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML,"
            " like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1",
            "Chrome, iPhone",
        ),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", ""),
    ],
)
def test_browsers_are_called_what_people_call_them(agent, said):
    assert browsers.describe(agent) == said
