"""The pages of one's account, of groups and of invitations, by raw HTTP."""

import html
import re
from urllib.parse import urlencode

import pytest

from domain.scopes import Role
from storage import groups
from tests.contract.persons import PASSWORD, give_password
from tests.support import TRIP, add_session, now

HERE = {"Sec_Fetch_Site": "same-origin"}
MARKUP = "<img src=x onerror=alert(1)>'\"&"


@pytest.fixture
async def token(world):
    return await add_session(world.store, world.owner.user_id)


@pytest.fixture
def send(ask, token):
    """Sends a form of the owner's."""

    async def post(path, as_=token, **fields):
        return await ask(path, "POST", urlencode(fields), token=as_, **HERE)

    return post


async def members(world):
    listed = (await world.client.get(f"{world.trip}/members")).json["items"]
    return {member["name"]: member["role"] for member in listed}


PRIVATE = [
    "/settings/account",
    "/settings/account/delete",
    "/settings/group",
    "/settings/group/{group}",
    "/settings/group/{group}/invite",
    "/settings/group/{group}/members/{user}/remove",
]


@pytest.mark.parametrize("path", PRIVATE)
async def test_who_is_signed_out_signs_in_first(ask, world, token, path):
    there = path.format(group=world.group_id, user=world.owner.user_id)
    status, headers, _ = await ask(there)
    assert status == 303
    assert headers["Location"].startswith("/sign-in?next=%2Fsettings%2F")
    status, headers, page = await ask(there, token=token)
    assert (status, headers["Cache-Control"]) == (200, "no-store")
    assert "<h1>" in page


# The account.


async def test_name_and_phone_are_changed(send, world, ask, token):
    status, headers, _ = await send("/settings/account", name="Olga B", phone="+44 20")
    assert (status, headers["Location"]) == (303, "/settings/account?done=saved")
    _, _, page = await ask("/settings/account?done=saved", token=token)
    assert 'value="Olga B"' in page
    assert 'value="+44 20"' in page
    assert "Saved." in page
    await send("/settings/account", name="Olga B", phone="")
    (member,) = (await world.client.get(f"{world.trip}/members")).json["items"]
    assert "phone" not in member
    status, _, page = await send("/settings/account", name="  ", phone="5" * 60)
    assert status == 400
    assert page.count('aria-invalid="true"') == 2
    assert 'value="' + "5" * 60 + '"' in page


async def test_before_an_account_goes_one_is_told_what_becomes_of_what(ask, send, world, token):
    status, _, page = await ask("/settings/account/delete", token=token)
    assert "Family goes with you" in page
    assert TRIP["title"] in page
    vera = await world.person("vera", Role.EDITOR)
    await give_password(world, world.owner.user_id)
    _, _, page = await ask("/settings/account/delete", token=token)
    assert f'href="/settings/group/{world.group_id}"' in page
    assert "<button" not in page.partition("<main")[2].partition("</main>")[0]
    status, _, page = await send("/settings/account/delete", password=PASSWORD)
    assert (status, 'role="alert"' in page) == (409, True)
    veras = await add_session(world.store, vera.user_id)
    _, _, page = await ask("/settings/account/delete", token=veras)
    assert "Family stays" in page
    assert "Former member" in page
    assert TRIP["title"] not in page


async def test_an_account_is_deleted_with_its_password(ask, send, world, token):
    await give_password(world, world.owner.user_id)
    status, _, page = await send("/settings/account/delete", password="not hers")
    assert (status, "This is not your password." in page) == (400, True)
    status, headers, _ = await send("/settings/account/delete", password=PASSWORD)
    assert (status, headers["Location"]) == (303, "/sign-in?done=account_deleted")
    assert headers["Set-Cookie"].startswith("__Host-carnet=; Path=/; Max-Age=0; ")
    assert (await ask("/settings/account", token=token))[0] == 303
    assert "Your account is deleted." in (await ask("/sign-in?done=account_deleted"))[2]


# Groups.


async def test_an_invitation_is_shown_once(ask, send, world, token):
    group = f"/settings/group/{world.group_id}"
    status, headers, page = await send(f"{group}/invite", role="viewer", expiresInDays="3")
    assert (status, headers["Cache-Control"]) == (200, "no-store")
    (link,) = re.findall(rf"{world.running.base}/invite/\w{{43}}", page)
    _, _, page = await ask(group, token=token)
    assert link not in page
    (invite,) = re.findall(r"/invites/(\w+)/revoke", page)
    status, headers, _ = await send(f"{group}/invites/{invite}/revoke")
    assert headers["Location"] == f"{group}?done=invite_revoked"
    assert (await ask(link.removeprefix(world.running.base)))[0] == 404


@pytest.mark.parametrize("days", ["0", "31", "x", "1.5", "-1", "٣"])
async def test_days_that_cannot_be(send, world, days):
    group = f"/settings/group/{world.group_id}"
    status, _, page = await send(f"{group}/invite", role="editor", expiresInDays=days)
    assert (status, 'aria-invalid="true"' in page) == (400, True)


async def test_members_are_changed_and_removed(ask, send, world, token):
    vera = await world.person("vera", Role.EDITOR)
    group = f"/settings/group/{world.group_id}"
    member, me = f"{group}/members/{vera.user_id}", f"{group}/members/{world.owner.user_id}"
    status, headers, _ = await send(member, role="viewer")
    assert (status, headers["Location"]) == (303, f"{group}?done=saved")
    assert await members(world) == {"Olga": "owner", "vera": "viewer"}
    for path, fields in ((me, {"role": "editor"}), (f"{me}/remove", {})):
        status, _, page = await send(path, **fields)
        assert (status, "A group keeps an owner" in page) == (400, True)
    assert "Remove vera from Family?" in (await ask(f"{member}/remove", token=token))[2]
    status, headers, _ = await send(f"{member}/remove")
    assert headers["Location"] == f"{group}?done=member_removed"
    assert await members(world) == {"Olga": "owner"}
    assert (await ask(f"{member}/remove", token=token))[0] == 404


async def test_an_owner_hands_over_and_leaves(ask, send, world, token):
    vera = await world.person("vera", Role.EDITOR)
    group = f"/settings/group/{world.group_id}"
    await send(f"{group}/members/{vera.user_id}", role="owner")
    status, headers, _ = await send(f"{group}/members/{world.owner.user_id}/remove")
    assert (status, headers["Location"]) == (303, "/settings/group?done=group_left")
    assert (
        "You are in no group yet" in (await ask("/settings/group?done=group_left", token=token))[2]
    )
    assert (await ask(group, token=token))[0] == 404


async def test_only_owners_are_offered_what_only_they_may_do(ask, send, world):
    vera = await world.person("vera", Role.EDITOR)
    veras = await add_session(world.store, vera.user_id)
    group = f"/settings/group/{world.group_id}"
    _, _, page = await ask(group, token=veras)
    forms = re.findall(r'action="(/settings[^"]*)"', page)
    assert forms == [f"{group}/members/{vera.user_id}/remove", "/settings/group"]
    for path, fields in (
        ("", {"name": "Mine"}),
        ("/invite", {"role": "owner"}),
        (f"/members/{vera.user_id}", {"role": "owner"}),
        (f"/members/{world.owner.user_id}/remove", {}),
        ("/invites/x/revoke", {}),
    ):
        assert (await send(f"{group}{path}", as_=veras, **fields))[0] == 403, path
    assert (await ask(f"{group}/invite", token=veras))[0] == 403
    outsider = await world.person("outsider", None)
    theirs = await add_session(world.store, outsider.user_id)
    for path in ("", f"/members/{vera.user_id}/remove"):
        assert (await ask(f"{group}{path}", token=theirs))[0] == 404
    assert await members(world) == {"Olga": "owner", "vera": "editor"}


async def test_there_may_be_several_groups(ask, send, world, token):
    status, headers, _ = await send("/settings/group", name="Friends")
    made = headers["Location"].partition("?")[0]
    assert (status, headers["Location"]) == (303, f"{made}?done=group_created")
    _, _, page = await ask(made, token=token)
    assert f'href="{made}" aria-current="page"' in page
    assert f'href="/settings/group/{world.group_id}"' in page
    assert (await send(made, name="The friends"))[0] == 303
    assert "The friends" in (await ask(made, token=token))[2]
    for path in ("/settings/group", made):
        status, _, page = await send(path, name="x" * 201)
        assert (status, 'aria-invalid="true"' in page) == (400, True)


# Invitations.


async def invite(world, **body):
    owner = world.client.with_session(await add_session(world.store, world.owner.user_id))
    made = await owner.post(f"/groups/{world.group_id}/invites", {"role": "editor", **body})
    return made.json["url"].removeprefix(world.running.base)


async def test_somebody_new_joins(ask, send, world):
    path = await invite(world)
    status, headers, page = await ask(path)
    assert (status, headers["Cache-Control"]) == (200, "no-store")
    assert "Olga invites you to the group Family." in page
    assert f"/sign-in?next={path}" in page
    fields = {"email": "zoe@example.org", "name": "Zoë", "password": PASSWORD}
    status, _, page = await send(path, as_=None, **{**fields, "password": "short"})
    assert (status, page.count('aria-invalid="true"')) == (400, 1)
    assert 'value="zoe@example.org"' in page
    assert "short" not in page
    status, headers, _ = await send(path, as_=None, **fields)
    assert (status, headers["Location"]) == (303, "/trips?done=joined")
    assert headers["Set-Cookie"].startswith("__Host-carnet=")
    assert await members(world) == {"Olga": "owner", "Zoë": "editor"}
    for attempt in (await ask(path), await send(path, as_=None, **fields)):
        assert attempt[0] == 404
        assert "Ask whoever sent it" in attempt[2]


async def test_whoever_is_signed_in_accepts_as_themselves(ask, send, world, token):
    path = await invite(world, role="viewer")
    vera = await world.person("vera", None)
    veras = await add_session(world.store, vera.user_id)
    assert "Accept as vera" in (await ask(path, token=veras))[2]
    assert "You are in this group already." in (await ask(path, token=token))[2]
    status, headers, _ = await send(path, as_=veras)
    assert (status, headers["Location"]) == (303, "/trips?done=joined")
    assert await members(world) == {"Olga": "owner", "vera": "viewer"}


async def test_an_account_that_is_there_needs_its_password_here_too(send, world):
    path = await invite(world)
    vera = await world.person("vera", None)
    await give_password(world, vera.user_id)
    fields = {"email": vera.email, "name": "V"}
    status, _, page = await send(path, as_=None, **fields, password="not hers, this one")
    assert (status, 'role="alert"' in page) == (400, True)
    status, _, _ = await send(path, as_=None, **fields, password=PASSWORD)
    assert status == 303
    assert await members(world) == {"Olga": "owner", "vera": "editor"}


async def test_a_form_of_another_server_accepts_nothing(ask, world):
    path = await invite(world)
    body = urlencode({"email": "zoe@example.org", "name": "Zoë", "password": PASSWORD})
    for sent in ({"Sec_Fetch_Site": "cross-site"}, {"Origin": "https://evil.example"}, {}):
        assert (await ask(path, "POST", body, **sent))[0] == 403
    assert await members(world) == {"Olga": "owner"}


# Text is text, whatever it says.


async def test_no_name_is_markup(ask, world, token, send):
    async def plant(tx):
        for table in ("users", "groups"):
            await tx.execute(f"UPDATE {table} SET name = $1", MARKUP)
        await tx.execute("UPDATE users SET phone = $1, email = $1 || id", MARKUP)

    vera = await world.person("vera", Role.OWNER)
    third = await world.person("third", Role.VIEWER)

    async def second_group(tx):
        made = await groups.create(tx, name=MARKUP, now=now())
        await groups.add_member(tx, group_id=made, user_id=vera.user_id, role=Role.OWNER, now=now())

    await world.client.patch(world.trip, {"title": MARKUP})
    await world.store.write(second_group)
    path = await invite(world)
    await world.store.write(plant)
    veras = await add_session(world.store, vera.user_id)
    group = f"/settings/group/{world.group_id}"
    pages = [await ask(path), await ask(path, token=veras)]
    for there in (*PRIVATE, path):
        there = there.format(group=world.group_id, user=third.user_id)
        pages += [await ask(there, token=token), await ask(there, token=veras)]
    pages += [
        await send(f"{group}/invite", role="editor"),
        await send(group, name=f"{MARKUP}\n"),
        await send("/settings/account", name=f"{MARKUP}\r", phone=MARKUP * 9),
        await send(path, as_=None, email=MARKUP, name=MARKUP, password=MARKUP),
        await send(f"{group}/members/{third.user_id}", role=MARKUP),
    ]
    for status, headers, page in pages:
        assert status in (200, 303, 400)
        assert "<img" not in page
        assert MARKUP not in headers.get("Location", "")
    assert sum(html.escape("<img src=x", quote=True) in page for _, _, page in pages) > 15
