"""The TypeScript client, by tests of its own (`node --test`) against a running server."""

import asyncio
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from server.route import ANY
from server.routes import ROUTES
from tests.contract.test_access_matrix import Targets
from tests.support import SAMPLES, World

ROOT = Path(__file__).parent.parent.parent
CLIENT = ROOT / "clients" / "typescript"
EVERY = "every.test.js"
"""Calls each operation, with the arguments that it is told."""
OTHERS = sorted({path.name for path in CLIENT.glob("test/*.test.js")} - {EVERY})

pytestmark = [
    pytest.mark.usefixtures("built"),
    pytest.mark.parametrize("storage_url", ["sqlite"], indirect=True),
]


async def calls(world: World) -> list[dict[str, Any]]:
    """Of each operation, the arguments of a call that succeeds: ids, then a body.

    Of what is for people who sign in, those of a call that is refused.
    """
    targets = await Targets.make(world)
    made: list[dict[str, Any]] = []
    # What is deleted last: a share token opens nothing afterwards.
    for route in sorted(ROUTES, key=lambda route: route.method == "DELETE"):
        if route.access not in ("key", "address"):
            args: list[Any] = ["x" for _ in re.findall(r"\{\w+\}", route.path)]
            args += [] if route.body is None else [{}]
            made.append({"operation": route.name, "args": args, "refused": True})
            continue
        path, body = await targets.path(route.path), targets.body(route.method, route.path)
        ids = re.search(re.sub(r"\{\w+\}", "([^/]+)", route.path) + "$", path)
        assert ids, path
        if route.body is not None and route.body.media_type == ANY:
            body = msgspec.json.encode(body).decode()
        args = [*ids.groups(), *([] if body is None else [body])]
        made.append({"operation": route.name, "args": args})
    return made


async def run(world: World, folder: Path, name: str, **more: Any) -> None:
    """Runs a file of tests; it has to succeed."""
    told = {
        "url": world.running.base,
        "apiKey": world.owner.key,
        "groupId": world.group_id,
        "samples": SAMPLES,
    }
    path = folder / "world.json"
    path.write_bytes(msgspec.json.encode(told | more))
    process = await asyncio.create_subprocess_exec(
        *("node", "--test", f"test/{name}"),
        cwd=CLIENT,
        env={**os.environ, "CARNET_WORLD": str(path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode != 0:
        pytest.fail(output.decode(), pytrace=False)


async def test_every_operation_can_be_called(world, tmp_path):
    await run(world, tmp_path, EVERY, calls=await calls(world))


@pytest.mark.parametrize("name", OTHERS)
async def test_of_the_client(world, tmp_path, name):
    await run(world, tmp_path, name)
