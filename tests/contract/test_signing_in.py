"""Signing in by password (contract section 19)."""

import pytest

EMAIL, PASSWORD = "owner@example.org", "a ferry at six in the morning"
HERE = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
async def owner(world):
    """The owner has a password."""
    hashed = await world.running.services.passwords.hash(PASSWORD)
    await world.store.write(
        lambda tx: tx.execute(
            "UPDATE users SET password = $1 WHERE id = $2", hashed, world.owner.user_id
        )
    )
    return world


async def sign_in(world, email=EMAIL, password=PASSWORD, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"email": email, "password": password}
    return await world.as_(None).post("/session", body, headers={**HERE, **named})


async def test_whoever_knows_the_password_is_signed_in(owner):
    answer = await sign_in(owner)
    assert answer.status == 200, answer.json
    assert answer.json["user"]["email"] == EMAIL
