"""Every request that the description shows by example is one that the server does."""

from typing import Any

import msgspec
import pytest

from domain.resources import BY_KIND, RESOURCES
from server.openapi.document import describe
from server.routes import ROUTES
from tests.contract.test_access_matrix import Targets
from tests.support import World

PATHS: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(describe(ROUTES)))["paths"]
BODIES = [
    pytest.param(method.upper(), path, operation["requestBody"]["content"], id=f"{method} {path}")
    for path, methods in PATHS.items()
    for method, operation in methods.items()
    if "requestBody" in operation
]


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
