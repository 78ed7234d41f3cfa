"""Every request that the description shows by example is one that the server does."""

from typing import Any

import msgspec
import pytest

from domain.resources import BY_KIND, RESOURCES
from domain.scopes import Role
from server.openapi.document import describe
from server.openapi.sample import id_of
from server.route import OPEN
from server.routes import ROUTES
from tests.contract.persons import HERE, give_password, signed_in
from tests.contract.test_access_matrix import Targets
from tests.support import World

PATHS: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(describe(ROUTES)))["paths"]
OF_SESSIONS = {route.path for route in ROUTES if route.access == "session"}
OF_PEOPLE = OF_SESSIONS | {route.path for route in ROUTES if route.access in OPEN}
BY_A_DEVICE = ("/me/passkeys", "/session/passkey")
"""What only an authenticator can make, an example cannot show."""
OF_NOBODY = ("/session", "/setup", "/reset/{token}")


def bodies(*, of_people: bool) -> list[Any]:
    return [
        pytest.param(method.upper(), path, operation["requestBody"]["content"], id=name)
        for path, methods in PATHS.items()
        for method, operation in methods.items()
        if "requestBody" in operation and path not in BY_A_DEVICE
        if (path in OF_PEOPLE) is of_people
        for name in (f"{method} {path}",)
    ]


BODIES = bodies(of_people=False)
BODIES_OF_PEOPLE = bodies(of_people=True)


async def ids(world: World, targets: Targets) -> dict[str, str]:
    """By member of a body: an id that may stand there, for that of the example."""
    found = {"groupId": world.group_id, "tripId": world.trip_id}
    for link in (link for resource in RESOURCES for link in resource.links):
        if link.kind == "member":
            found[link.field] = world.owner.user_id
            continue
        resource = BY_KIND[link.kind]
        row = await targets.path(f"/trips/{{tripId}}{resource.path}/{{{resource.id_param}}}")
        found[link.field] = row.rpartition("/")[2]
    return found


def named(example: Any, found: dict[str, str]) -> Any:
    """An example with ids of what is there, at whatever depth."""
    if isinstance(example, list):
        return [named(each, found) for each in example]
    if isinstance(example, dict):
        return {n: found.get(n, named(each, found)) for n, each in example.items()}
    return example


@pytest.mark.parametrize(("method", "path", "content"), BODIES)
async def test_an_example_is_taken(world, method, path, content):
    targets = await Targets.make(world)
    ((media_type, shown),) = content.items()
    body = named(shown["example"], await ids(world, targets))
    sent = msgspec.json.encode(body) if media_type == "application/json" else body.encode()
    headers = {"Content-Type": media_type}
    done = await world.client.send(method, await targets.path(path), data=sent, headers=headers)
    assert done.status in (200, 201), done.raw


@pytest.mark.parametrize(("method", "path", "content"), BODIES_OF_PEOPLE)
async def test_an_example_of_what_people_send_is_taken(world, method, path, content):
    owner = await signed_in(world, world.owner.user_id)
    member = await world.person("member", Role.EDITOR)
    invites = f"/groups/{world.group_id}/invites"
    if path == "/me":
        # Its only owner would have to stay.
        await owner.delete(f"/groups/{world.group_id}/members/{member.user_id}")
    link = (await owner.post(invites, {"role": "editor"})).json["url"]
    names = {"groupId": world.group_id, "userId": member.user_id}
    there = path.format(**names, token=link.rpartition("/")[2])
    client = owner if path in OF_SESSIONS else world.as_(None)
    example = content["application/json"]["example"]
    if "current" in example:
        await give_password(world, world.owner.user_id, example["current"])
    sent = msgspec.json.encode(example).replace(id_of("trip").encode(), world.trip_id.encode())
    done = await client.send(method, there, data=sent, headers=HERE)
    # Who it is that the examples tell of, nobody here is, nor has a link to a new password.
    told = ("UNAUTHORIZED", "CONFLICT", "NOT_FOUND") if path in OF_NOBODY else ()
    assert done.status in (200, 201, 204) or done.code in told, done.raw
