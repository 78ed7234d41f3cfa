"""People who are signed in, for tests of what no key may do."""

from domain.scopes import Role
from tests.support import Client, World, add_session

PASSWORD = "a ferry at six in the morning"
HERE = {"Sec-Fetch-Site": "same-origin"}
"""What a browser sends from a page of this server."""


async def signed_in(world: World, user_id: str) -> Client:
    """A user, in a browser."""
    return world.client.with_session(await add_session(world.store, user_id))


async def give_password(world: World, user_id: str, password: str = PASSWORD) -> None:
    """What the user can sign in with."""
    hashed = await world.running.services.passwords.hash(password)
    await world.store.write(
        lambda tx: tx.execute("UPDATE users SET password = $1 WHERE id = $2", hashed, user_id)
    )


async def everyone(world: World) -> dict[str, Client]:
    """Somebody of each role in the world's group, and somebody outside of it, signed in."""
    people = {"owner": await signed_in(world, world.owner.user_id)}
    for name, role in (("editor", Role.EDITOR), ("viewer", Role.VIEWER), ("outsider", None)):
        person = await world.person(name, role)
        people[name] = await signed_in(world, person.user_id)
    return people
