"""Users, groups, members and keys at rest."""

import asyncio
import re

import pytest

from domain.account import AccountError, key_hash
from domain.scopes import BASE_SCOPES, Role
from storage import accounts, groups, keys, server_state, trips, users
from tests.storage.home import soon
from tests.support import now

MOMENT = "2026-07-15T12:00:00.000Z"


async def add_user(store, email="zoe@example.org", **options):
    return await store.write(
        lambda tx: users.create(tx, email=email, name=options.get("name", "Zoe"), now=now())
    )


async def add_key(store, user_id, **options):
    return await store.write(
        lambda tx: keys.create(tx, user_id=user_id, name="k", now=MOMENT, **options)
    )


async def who(store, key, trip_id=None, at=MOMENT):
    found = await store.read(lambda tx: keys.authenticate(tx, key_hash(key), trip_id))
    return found if found and found.actor.may_act_at(at) else None


async def test_the_first_account(store):
    assert not await store.read(accounts.is_set_up)
    first = await store.write(
        lambda tx: accounts.set_up(tx, email="o@x.org", name="Olga", group="Home", now=MOMENT)
    )
    assert await store.read(accounts.is_set_up)
    caller = await who(store, first.api_key)
    actor = caller.actor
    assert (actor.user_id, actor.name, actor.email) == (first.user_id, "Olga", "o@x.org")
    assert actor.scopes.all == BASE_SCOPES
    (group,) = await store.read(lambda tx: groups.of_user(tx, first.user_id))
    assert (group.id, group.name, group.role) == (first.group_id, "Home", "owner")


async def test_a_database_is_set_up_once(home):
    with pytest.raises(AccountError, match="set up already"):
        await home.store.write(
            lambda tx: accounts.set_up(tx, email="b@x.org", name="B", group="B", now=MOMENT)
        )
    users = await home.store.read(lambda tx: tx.fetchval("SELECT count(*) FROM users"))
    assert users == 1


async def test_of_two_set_ups_at_once_one_succeeds(store):
    def set_up(name):
        return store.write(
            lambda tx: accounts.set_up(tx, email=f"{name}@x.org", name=name, group=name, now=MOMENT)
        )

    outcomes = await soon(asyncio.gather(set_up("a"), set_up("b"), return_exceptions=True))
    assert sorted(isinstance(outcome, AccountError) for outcome in outcomes) == [False, True]


@pytest.mark.parametrize("email", ["owner@example.org", "OWNER@Example.org"])
async def test_an_address_has_one_user_whatever_its_case(home, email):
    with pytest.raises(AccountError, match="already"):
        await add_user(home.store, email)


@pytest.mark.parametrize("email", ["owner@example.org", "Owner@EXAMPLE.org"])
async def test_users_are_found_by_address(home, email):
    assert await home.store.read(lambda tx: users.id_of(tx, email)) == home.user_id


async def test_an_unknown_user_group_or_key(home):
    store = home.store
    with pytest.raises(AccountError, match="no user x@y"):
        await store.read(lambda tx: users.id_of(tx, "x@y"))
    with pytest.raises(AccountError, match="no group nowhere"):
        await store.write(
            lambda tx: groups.add_member(
                tx, group_id="nowhere", user_id=home.user_id, role=Role.EDITOR, now=MOMENT
            )
        )
    with pytest.raises(AccountError, match="no key k1"):
        await store.write(lambda tx: keys.revoke(tx, "k1", MOMENT))


async def add_member(home, role, email="zoe@example.org"):
    """A new member of the home's group."""
    user_id = await add_user(home.store, email)
    await home.store.write(
        lambda tx: groups.add_member(
            tx, group_id=home.group_id, user_id=user_id, role=role, now=MOMENT
        )
    )
    return user_id


def set_role(home, user_id, role):
    return home.store.write(
        lambda tx: groups.set_role(tx, group_id=home.group_id, user_id=user_id, role=role)
    )


def remove_member(home, user_id):
    return home.store.write(
        lambda tx: groups.remove_member(tx, group_id=home.group_id, user_id=user_id)
    )


def role_of(home, user_id):
    return home.store.read(lambda tx: groups.role_in(tx, home.group_id, user_id))


async def test_a_member_gets_a_role_and_leaves(home):
    zoe = await add_member(home, Role.VIEWER)
    for role in Role:
        await set_role(home, zoe, role)
        assert await role_of(home, zoe) is role
    await remove_member(home, zoe)
    assert await role_of(home, zoe) is None
    with pytest.raises(AccountError, match="not in group"):
        await remove_member(home, zoe)
    with pytest.raises(AccountError, match="not in group"):
        await set_role(home, zoe, Role.EDITOR)


async def test_nobody_is_twice_in_a_group(home):
    zoe = await add_member(home, Role.VIEWER)
    for user_id, role in ((zoe, "viewer"), (home.user_id, "owner")):
        with pytest.raises(AccountError, match=f"already, as {role}"):
            await home.store.write(
                lambda tx, u=user_id: groups.add_member(
                    tx, group_id=home.group_id, user_id=u, role=Role.EDITOR, now=MOMENT
                )
            )
        assert await role_of(home, user_id) == role


async def test_a_group_keeps_an_owner(home):
    zoe = await add_member(home, Role.EDITOR)
    for change in (
        lambda: remove_member(home, home.user_id),
        lambda: set_role(home, home.user_id, Role.EDITOR),
    ):
        with pytest.raises(AccountError, match="would have no owner"):
            await change()
        assert await role_of(home, home.user_id) is Role.OWNER
    await set_role(home, zoe, Role.OWNER)
    await remove_member(home, home.user_id)
    with pytest.raises(AccountError, match="would have no owner"):
        await remove_member(home, zoe)


async def test_of_two_owners_who_leave_at_once_one_stays(home):
    store = home.store
    zoe = await add_user(store)

    async def found(tx):
        group_id = await groups.create(tx, name="Bare", now=MOMENT)
        for user_id in (home.user_id, zoe):
            await groups.add_member(
                tx, group_id=group_id, user_id=user_id, role=Role.OWNER, now=MOMENT
            )
        return group_id

    group_id = await store.write(found)

    async def leave(tx, user_id):
        await groups.remove_member(tx, group_id=group_id, user_id=user_id)
        for _ in range(300):  # so that the other transaction runs before this one ends
            await tx.fetchval("SELECT 1")

    leaving = (store.write(lambda tx, u=user_id: leave(tx, u)) for user_id in (home.user_id, zoe))
    outcomes = await soon(asyncio.gather(*leaving, return_exceptions=True))
    assert sorted(isinstance(outcome, AccountError) for outcome in outcomes) == [False, True]


async def test_of_two_users_added_at_once_with_one_address_one_is_refused(home):
    adding = (add_user(home.store, email) for email in ("zoe@x.org", "ZOE@x.org"))
    outcomes = await soon(asyncio.gather(*adding, return_exceptions=True))
    assert sorted(isinstance(outcome, AccountError) for outcome in outcomes) == [False, True]


async def test_users_are_listed_oldest_first_with_their_groups(home):
    zoe = await add_member(home, Role.VIEWER)
    loner = await add_user(home.store, "lone@example.org", name="Lone")
    listed = await home.store.read(users.list_all)
    assert [info.id for info in listed] == [home.user_id, zoe, loner]
    assert [info.email for info in listed][1:] == ["zoe@example.org", "lone@example.org"]
    assert [[(g.id, g.name, g.role) for g in info.groups] for info in listed] == [
        [(home.group_id, "Family", "owner")],
        [(home.group_id, "Family", "viewer")],
        [],
    ]


async def test_groups_of_a_user_go_by_when_they_were_joined(home):
    async def join(tx):
        user_id = await users.create(tx, email="z@x.org", name="Zoe", now=MOMENT)
        later = await groups.create(tx, name="Later", now=MOMENT)
        for group_id, role, moment in (
            (later, Role.VIEWER, "2026-07-16T00:00:00.000Z"),
            (home.group_id, Role.EDITOR, "2026-07-15T00:00:00.000Z"),
        ):
            await groups.add_member(tx, group_id=group_id, user_id=user_id, role=role, now=moment)
        roles = [
            await groups.role_in(tx, group_id, user_id)
            for group_id in (home.group_id, later, "nowhere")
        ]
        return await groups.of_user(tx, user_id), roles

    joined, roles = await home.store.write(join)
    assert [(group.name, group.role) for group in joined] == [
        ("Family", "editor"),
        ("Later", "viewer"),
    ]
    assert roles == [Role.EDITOR, Role.VIEWER, None]


async def test_a_key_is_not_stored(home):
    key_id, key = await add_key(home.store, home.user_id)
    assert re.fullmatch(r"osk_[0-9A-Za-z]{32,}", key)

    async def everything(tx):
        return [tuple(row) for row in await tx.fetch("SELECT * FROM api_keys ORDER BY id")]

    rows = await home.store.read(everything)
    assert key not in str(rows)
    assert key[4:] not in str(rows)
    assert key_hash(key) in str(rows)
    assert key_id in str(rows)


@pytest.mark.parametrize("wrong", ["", "osk_", "osk_x", "OSK", "é" * 40, "osk_" + "0" * 43])
async def test_a_wrong_key_is_nobodys(home, wrong):
    assert await who(home.store, wrong) is None
    assert await who(home.store, home.key[:-1]) is None
    assert await who(home.store, home.key.swapcase()) is None


async def test_a_caller_and_their_part_in_a_trip(home):
    store, trip_id = home.store, home.trip_id
    caller = await who(store, home.key, trip_id)
    assert (caller.trip.role, caller.trip.revs.rev) == (Role.OWNER, await home.rev())
    assert (await who(store, home.key)).trip is None
    assert (await who(store, home.key, "nowhere")).trip is None
    _, stranger = await add_key(store, await add_user(store))
    assert (await who(store, stranger, trip_id)).trip.role is None


async def test_what_a_key_carries(home):
    scopes = ["trips:read:abc", "messages:write"]
    key_id, key = await add_key(home.store, home.user_id, scopes=scopes, rate_limit=7)
    actor = (await who(home.store, key)).actor
    assert (actor.key_id, actor.key_name, actor.rate_limit) == (key_id, "k", 7)
    assert list(actor.scopes.all) == scopes
    assert (await who(home.store, home.key)).actor.rate_limit is None


async def test_a_key_expires(home):
    _, key = await add_key(home.store, home.user_id, expires_at="2026-07-16T00:00:00.000Z")
    assert await who(home.store, key, at="2026-07-15T23:59:59.999Z")
    assert await who(home.store, key, at="2026-07-16T00:00:00.000Z") is None


async def test_a_revoked_key_is_revoked_at_once_and_for_good(home):
    key_id, key = await add_key(home.store, home.user_id)
    for moment in (MOMENT, "2027-01-01T00:00:00.000Z"):
        revoked = await home.store.write(lambda tx, m=moment: keys.revoke(tx, key_id, m))
        assert revoked == MOMENT
        assert await who(home.store, key) is None
    assert await who(home.store, home.key)
    listed = {info.id: info for info in await home.store.read(keys.list_all)}
    assert listed[key_id].revoked_at == MOMENT, "the first revocation is the one that counts"


async def test_keys_are_listed_oldest_first_without_the_keys(home):
    made = [await add_key(home.store, home.user_id, scopes=[f"trips:read:t{n}"]) for n in range(3)]
    listed = await home.store.read(keys.list_all)
    assert [info.id for info in listed][1:] == [key_id for key_id, _ in made]
    assert [info.scopes for info in listed][1:] == [[f"trips:read:t{n}"] for n in range(3)]
    assert {info.user for info in listed} == {"owner@example.org"}
    assert not any(key in str(listed) for _, key in made)


async def test_the_signing_secret_is_made_once(home):
    secrets = await soon(
        asyncio.gather(*(home.store.write(server_state.signing_secret) for _ in range(5)))
    )
    assert len(set(secrets)) == 1
    assert len(secrets[0]) >= 32


async def test_the_trips_of_a_user_are_those_of_their_groups(home):
    store = home.store
    second = await home.new_trip()
    zoe = await add_user(store)

    async def page(tx, user_id=home.user_id, **options):
        asked = {"among": None, "after": None, "limit": 10, **options}
        return await trips.page(tx, user_id, **asked)

    def ids(found):
        return re.findall(r'"_id":"(\w+)"', "".join(found.documents))

    assert ids(await store.read(page)) == [home.trip_id, second]
    assert ids(await store.read(lambda tx: page(tx, zoe))) == []
    among = frozenset({second, "elsewhere"})
    assert ids(await store.read(lambda tx: page(tx, among=among))) == [second]
    assert ids(await store.read(lambda tx: page(tx, among=frozenset()))) == []
    assert ids(await store.read(lambda tx: page(tx, zoe, among=among))) == []
    first_page = await store.read(lambda tx: page(tx, limit=1))
    assert ids(first_page) == [home.trip_id]
    assert ids(await store.read(lambda tx: page(tx, limit=1, after=first_page.next))) == [second]


async def test_members_are_paged_oldest_account_first(home):
    store = home.store

    async def join(tx):
        made = []
        for number in range(5):
            user_id = await users.create(
                tx, email=f"u{number}@x.org", name=f"U{number}", now=MOMENT
            )
            await groups.add_member(
                tx, group_id=home.group_id, user_id=user_id, role=Role.VIEWER, now=MOMENT
            )
            made.append(user_id)
        return made

    expected = [home.user_id, *await store.write(join)]
    assert sorted(await store.read(lambda tx: trips.member_ids(tx, home.trip_id))) == expected
    found, after = [], None
    while True:
        page = await store.read(
            lambda tx, after=after: trips.members_page(tx, home.trip_id, after=after, limit=2)
        )
        found += re.findall(r'"userId":"(\w+)"', "".join(page.documents))
        if (after := page.next) is None:
            break
    assert found == expected
