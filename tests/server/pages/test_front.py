"""Pages over HTTP: languages, themes, errors, redirects, who is let in."""

import re

from tests.support import add_session


async def test_signed_out_one_is_led_to_sign_in(ask):
    status, headers, _ = await ask("/")
    assert (status, headers["Location"]) == (303, "/sign-in")


async def test_the_language_is_the_browsers_or_what_was_chosen(ask):
    assert 'lang="en"' in (await ask("/sign-in"))[2]
    assert "Se connecter" in (await ask("/sign-in", Accept_Language="de, fr-FR;q=0.8, en;q=0.5"))[2]
    chosen = {"Accept_Language": "fr", "Cookie": "carnet-language=en"}
    assert "Sign in" in (await ask("/sign-in", **chosen))[2]


async def test_a_choice_is_kept_and_leads_back(ask):
    here = {"Sec_Fetch_Site": "same-origin"}
    status, headers, _ = await ask(
        "/preferences", "POST", "language=fr&next=/sign-in?next=%252Ftrips", **here
    )
    assert status == 303
    assert headers["Location"] == "/sign-in?next=%2Ftrips"
    assert headers["Set-Cookie"].startswith("carnet-language=fr; Path=/; Max-Age=31536000; Same")
    _, headers, _ = await ask("/preferences", "POST", "theme=dark&next=//evil.example", **here)
    assert headers["Location"] == "/"
    assert 'data-theme="dark"' in (await ask("/sign-in", Cookie="carnet-theme=dark"))[2]


async def test_a_form_of_another_server_does_nothing(ask):
    status, _, page = await ask("/preferences", "POST", "theme=dark", Sec_Fetch_Site="cross-site")
    assert status == 403
    assert "<h1>" in page


async def test_signing_out_ends_the_session(ask, world):
    token = await add_session(world.store, world.owner.user_id)
    _, headers, _ = await ask("/", token=token)
    assert headers["Location"] == "/trips"
    _, headers, _ = await ask("/sign-out", "POST", "", token=token, Sec_Fetch_Site="same-origin")
    assert headers["Location"] == "/sign-in"
    assert "Max-Age=0" in headers["Set-Cookie"]
    _, headers, _ = await ask("/", token=token)
    assert headers["Location"] == "/sign-in"


async def test_what_is_not_there_is_told_as_a_page(ask):
    status, headers, page = await ask("/nothing")
    assert status == 404
    assert "There is nothing here" in page
    assert re.search(f"Request {headers['X-Request-Id']}", page)
    assert headers["Cache-Control"] == "no-store"
    assert (await ask("/sign-in", "DELETE"))[0] == 405


async def test_where_others_may_listen_a_banner_says_so(ask):
    assert "not private" in (await ask("/sign-in", Host="192.168.1.5:8080"))[2]
    assert "not private" not in (await ask("/sign-in"))[2]
