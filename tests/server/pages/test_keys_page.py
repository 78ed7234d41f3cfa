"""The page of API keys, by its forms alone."""

import re
from html import unescape
from urllib.parse import urlencode

import pytest

from domain.scopes import Role
from storage import keys
from tests.support import add_key, add_session, now

KEYS = "/settings/keys"
HOSTILE = "<script>alert(1)</script>\"'>&amp;{name}"


@pytest.fixture
async def token(world):
    return await add_session(world.store, world.owner.user_id)


@pytest.fixture
def send(ask, token):
    """Sends the form of a new key, from a page of this server or another."""

    async def sent(path=KEYS, site="same-origin", **fields):
        data = urlencode(fields, doseq=True)
        return await ask(path, "POST", data, token=token, Sec_Fetch_Site=site)

    return sent


async def stored(world):
    """One's keys, but for the first, which everybody here has."""
    return (await world.store.read(lambda tx: keys.of_user(tx, world.owner.user_id, 100)))[1:]


def shown_key(page):
    [key] = re.findall(r'<code id="new-key"[^>]*>(osk_\w+)</code>', page)
    return key


def problem_of(page, field):
    """What is told beside a field."""
    found = re.search(rf'<p id="{field}-about" class="problem">([^<]*)</p>', page)
    return found and unescape(found[1])


async def test_a_key_is_shown_in_the_answer_and_never_again(world, ask, send, token):
    status, headers, page = await send(
        name="Importer", scopes=["trips:read", "trips:write"], trip=world.trip_id
    )
    assert (status, headers["Cache-Control"]) == (200, "no-store")
    secret = shown_key(page)
    curl = f'curl {world.running.base}/api/v1/me -H "Authorization: Bearer {secret}"'
    assert curl in unescape(page)
    [made] = await stored(world)
    scopes = [f"{scope}:{world.trip_id}" for scope in ("trips:read", "trips:write")]
    assert (made.name, made.scopes, made.expires_at or None) == ("Importer", scopes, None)
    assert (await world.as_(secret).get(world.trip)).status == 200
    status, _, page = await ask(KEYS, token=token)
    assert (status, secret in page, f"osk_…{secret[-4:]}" in page) == (200, False, True)
    assert "Only Cotswolds" in page


async def test_a_trip_is_named_by_its_title_too(world, send):
    await send(name="k", scopes="messages:read", trip="  cotswolds ")
    [made] = await stored(world)
    assert made.scopes == [f"messages:read:{world.trip_id}"]


async def test_all_that_can_be_said_of_a_key_is_kept_and_told(world, send):
    _, _, page = await send(
        name="k", scopes="trips:read", trip="", expiresAt="2999-05-01", rateLimit="1200"
    )
    [made] = await stored(world)
    assert (made.scopes, made.rate_limit) == (["trips:read"], 1200)
    assert made.expires_at == "2999-05-02T00:00:00.000Z"
    told = page.replace("\N{NO-BREAK SPACE}", " ")
    assert "Never used · expires 1 May 2999 · 1,200 requests a minute" in told
    assert '<li class="chip warn">all trips</li>' in page


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"name": ""}, "name", "Please fill this in."),
        ({"name": "x" * 201}, "name", "This is too long."),
        ({"scopes": []}, "scopes", "Choose at least one of these."),
        ({"scopes": ["trips:read", "admin"]}, "scopes", "Choose at least one of these."),
        ({"scopes": ["trips:read:{other}"], "trip": ""}, "scopes", "Choose at least one of these."),
        ({"scopes": ["trips:read:{other}"]}, "scopes", "Choose at least one of these."),
        ({"trip": "Atlantis"}, "trip", "You have no trip of this title or id."),
        ({"trip": "{other}"}, "trip", "You have no trip of this title or id."),
        ({"expiresAt": "2020-01-01"}, "expiresAt", "Choose a day from today on, or leave this"),
        ({"expiresAt": "soon"}, "expiresAt", "Choose a day from today on, or leave this"),
        ({"rateLimit": "0"}, "rateLimit", "Give a whole number from 1 on, or leave this blank."),
        ({"rateLimit": "9" * 5_000}, "rateLimit", "Give a whole number from 1 on"),
        ({"rateLimit": "many"}, "rateLimit", "Give a whole number from 1 on"),
    ],
)
async def test_what_is_wrong_is_told_beside_its_field(world, send, fields, field, sentence):
    # A trip of somebody else.
    outsider = await world.person("outsider", None)
    group = await world.client.with_session(await add_session(world.store, outsider.user_id)).post(
        "/groups", {"name": "Others"}
    )
    trip = {"groupId": group.json["_id"], "title": "Theirs"}
    trip |= {"startDate": "2026-07-15", "endDate": "2026-07-16"}
    other = (await world.as_(outsider.key).post("/trips", trip)).json["_id"]
    given = {"name": "Mine", "scopes": ["trips:read"], "trip": world.trip_id, **fields}
    for name, value in given.items():
        if isinstance(value, str):
            given[name] = value.replace("{other}", other)
        else:
            given[name] = [each.replace("{other}", other) for each in value]
    status, _, page = await send(**given)
    assert status == 400
    assert (problem_of(page, field) or "").startswith(sentence)
    # What was typed is still there.
    assert f'value="{given["name"]}"' in page
    assert await stored(world) == []


async def test_of_trips_with_one_title_the_id_is_asked_for(world, ask, send, token):
    other = await world.new_trip()
    status, _, page = await send(name="k", scopes="trips:read", trip="Cotswolds")
    assert status == 400
    assert "Several of your trips have this title" in (problem_of(page, "trip") or "")
    _, _, page = await ask(f"{KEYS}/new", token=token)
    offered = re.findall(r'<option value="(\w+)">Cotswolds</option>', page)
    assert offered == [world.trip_id, other]


async def test_there_is_an_end_to_keys(world, send, monkeypatch):
    monkeypatch.setattr("domain.key.MOST", 1)
    status, _, page = await send(name="k", scopes="trips:read")
    assert status == 400
    assert "You have as many keys as one may have." in page


async def test_what_is_in_names_does_nothing(world, send, ask, token):
    await world.client.patch(world.trip, {"title": HOSTILE})
    headers = {"User-Agent": "<script>alert(2)</script>"}
    status, _, page = await send(name=HOSTILE, scopes="trips:read", trip=world.trip_id)
    assert status == 200
    secret = shown_key(page)
    await world.as_(secret).get("/me", headers=headers)
    [made] = await stored(world)
    revoke = await ask(f"{KEYS}/{made.id}/revoke", token=token)
    refused = await send(name=HOSTILE, scopes=HOSTILE, trip=HOSTILE, expiresAt=HOSTILE)
    form = await ask(f"{KEYS}/new", token=token)
    listed = await ask(KEYS, token=token)
    for shown in (page, listed[2], revoke[2], refused[2], form[2]):
        assert "<script>alert" not in shown
        assert HOSTILE in unescape(shown)


async def test_a_key_of_several_limits_is_told_exactly(world, ask, token):
    scopes = ["trips:read", f"messages:read:{world.trip_id}", "messages:read:elsewhere"]
    await add_key(world.store, world.owner.user_id, *scopes)
    _, _, page = await ask(KEYS, token=token)
    chips = re.findall(r'<li class="chip[^>]*>([^<]*)', page)
    assert chips[:5] == [
        "trips:read",
        "all trips",
        "messages:read",
        "Only Cotswolds",
        "Only elsewhere",
    ]


async def test_revoking_is_asked_for_once_more(world, ask, send, token):
    _, _, page = await send(name="Importer", scopes="trips:read")
    secret = shown_key(page)
    [made] = await stored(world)
    status, _, page = await ask(f"{KEYS}/{made.id}/revoke", token=token)
    assert (status, "Revoke “Importer”?" in page) == (200, True)
    assert (await world.as_(secret).get("/me")).status == 200
    status, headers, _ = await send(f"{KEYS}/{made.id}/revoke")
    assert (status, headers["Location"]) == (303, f"{KEYS}?done=key_revoked")
    assert "The key is revoked." in (await ask(headers["Location"], token=token))[2]
    assert (await world.as_(secret).get("/me")).status == 401
    assert (await send(f"{KEYS}/{made.id}/revoke"))[0] == 404
    assert (await ask(f"{KEYS}/{made.id}/revoke", token=token))[0] == 404


async def test_keys_of_others_are_not_shown_or_revoked(world, ask, send, token):
    other = await world.person("other", Role.EDITOR)
    [theirs] = await world.store.read(lambda tx: keys.of_user(tx, other.user_id, 100))
    assert theirs.id not in (await ask(KEYS, token=token))[2]
    assert (await ask(f"{KEYS}/{theirs.id}/revoke", token=token))[0] == 404
    assert (await send(f"{KEYS}/{theirs.id}/revoke"))[0] == 404
    assert (await world.as_(other.key).get("/me")).status == 200


async def test_a_page_of_another_server_makes_and_revokes_nothing(world, send):
    assert (await send(site="cross-site", name="k", scopes="trips:read"))[0] == 403
    [first] = await world.store.read(lambda tx: keys.of_user(tx, world.owner.user_id, 100))
    assert (await send(f"{KEYS}/{first.id}/revoke", site="cross-site"))[0] == 403
    assert (await world.client.get("/me")).status == 200
    assert await stored(world) == []


async def test_signed_out_one_is_led_to_sign_in(world, ask):
    for path in (KEYS, f"{KEYS}/new", f"{KEYS}/x/revoke"):
        status, headers, _ = await ask(path)
        assert (status, headers["Location"].partition("?")[0]) == (303, "/sign-in")
    headers = {"Authorization": f"Bearer {world.owner.key}"}
    assert (await ask(KEYS, **headers))[0] == 303


async def test_ended_keys_and_those_of_before_are_told_too(world, ask, token):
    await add_key(world.store, world.owner.user_id, expires_at="2020-05-02T00:00:00.000Z")
    await world.store.write(lambda tx: tx.execute("UPDATE api_keys SET last_four = NULL"))
    _, _, page = await ask(KEYS, token=token)
    assert "expired 1 May 2020" in page
    assert "osk_…" not in page


async def test_without_any_key_that_is_said(world, ask, token):
    await world.store.write(lambda tx: tx.execute("UPDATE api_keys SET revoked_at = $1", now()))
    assert "You have no keys yet." in (await ask(KEYS, token=token))[2]


async def test_the_page_is_in_french_too(ask, token):
    _, _, page = await ask(KEYS, token=token, Accept_Language="fr")
    assert "Dernière utilisation" in page
    assert "tous les voyages" in page
