"""Who somebody is that a provider has let in, and what waits for a second request."""

import pytest

from operations.identities import Identity, user_of
from storage import challenges, groups, identities, passkeys, users
from tests.support import now

ISSUER = "https://id.example.org"
ANN = Identity(ISSUER, "subject-1", "ann@example.org", "Ann")


@pytest.fixture
async def ann(store):
    """Somebody with an account."""
    return await store.write(
        lambda tx: users.create(tx, email="Ann@example.org", name="Ann", now=now())
    )


async def test_an_account_is_found_by_its_address_once_and_by_the_subject_from_then_on(store, ann):
    async def ask(who, create=False):
        return await store.write(lambda tx: user_of(tx, who, create=create, now=now()))

    assert await ask(ANN) == ann
    assert await ask(ANN._replace(verified_email="")) == ann
    assert await ask(ANN._replace(subject="subject-2")) is None
    assert await ask(ANN._replace(subject="subject-2"), create=True) is None
    assert await ask(ANN._replace(issuer="https://other.example.org", verified_email="")) is None
    assert await ask(ANN._replace(issuer="https://other.example.org")) == ann


async def test_a_stranger_is_made_a_user_where_that_is_wanted(store):
    bob = ANN._replace(subject="subject-2", verified_email="bob@example.org", name="\n")

    async def ask(create):
        return await store.write(lambda tx: user_of(tx, bob, create=create, now=now()))

    assert await ask(create=False) is None
    made = await ask(create=True)
    assert await ask(create=False) == made
    assert await store.read(lambda tx: users.find(tx, "bob@example.org")) == made
    (group,) = await store.read(lambda tx: groups.of_user(tx, made))
    assert (group.name, group.role) == ("bob", "owner")
    assert await store.read(lambda tx: identities.has_one(tx, ISSUER, made))


async def test_a_challenge_is_taken_once_in_time_and_for_its_purpose(store):
    await store.write(lambda tx: challenges.begin(tx, "passkey", "held", "data", 1_000.0))

    async def take(purpose="passkey", held="held", at=1_299.0):
        return await store.write(lambda tx: challenges.take(tx, purpose, held, at))

    assert await take(held="other") is None
    assert await take(purpose="provider") is None
    assert await take(at=1_300.0) is None
    assert await take() == "data"
    assert await take() is None


async def test_those_that_are_over_are_dropped(store):
    for second in range(3):
        held = f"held-{second}"
        await store.write(
            lambda tx, held=held, at=float(second): challenges.begin(tx, "passkey", held, "", at)
        )
    assert await store.write(lambda tx: challenges.prune(tx, 301.0, 1)) == 1
    assert await store.write(lambda tx: challenges.prune(tx, 301.0, 9)) == 1
    assert await store.write(lambda tx: challenges.take(tx, "passkey", "held-2", 301.0)) == ""


async def test_of_two_uses_of_a_passkey_at_once_one_counts(store, ann):
    await store.write(
        lambda tx: passkeys.add(
            tx,
            user_id=ann,
            credential_id="id",
            public_key=b"key",
            sign_count=1,
            name="Phone",
            now=now(),
        )
    )
    found = await store.read(lambda tx: passkeys.find(tx, "id"))
    assert await store.write(lambda tx: passkeys.used(tx, found, 2, now()))
    assert not await store.write(lambda tx: passkeys.used(tx, found, 2, now()))
