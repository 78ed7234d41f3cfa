"""Calendar tokens at rest."""

import re

from storage import calendar_tokens
from tests.storage.home import SECRET
from tests.support import now


async def test_a_user_has_one_token_at_most(home):
    async def token():
        return await home.store.read(lambda tx: calendar_tokens.active(tx, home.user_id, SECRET))

    async def make():
        return await home.store.write(
            lambda tx: calendar_tokens.create(tx, home.user_id, SECRET, now())
        )

    assert await token() is None
    assert await make()
    made = await token()
    assert re.fullmatch(r"[0-9A-Za-z]{32,64}", made)
    assert not await make()
    assert await token() == made
    for _ in range(2):
        await home.store.write(lambda tx: calendar_tokens.revoke(tx, home.user_id))
    assert await token() is None
    assert await make()
    assert await token() != made


async def test_a_token_tells_its_user(home):
    await home.store.write(lambda tx: calendar_tokens.create(tx, home.user_id, SECRET, now()))

    async def user_of(token):
        return await home.store.read(lambda tx: calendar_tokens.user_of(tx, token))

    token = await home.store.read(lambda tx: calendar_tokens.active(tx, home.user_id, SECRET))
    assert await user_of(token) == home.user_id
    assert await user_of(token.swapcase()) is None
    assert await user_of("") is None
