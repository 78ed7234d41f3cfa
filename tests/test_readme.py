"""The README is true: its tour runs as it stands. Its tables are generated (`docs.generate`)."""

import asyncio
import re
import subprocess
from pathlib import Path

from tests.support import World

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text below a heading, to the next one."""
    return README.split(f"## {title}\n")[1].split("\n## ")[0]


def commands(world: World) -> list[str]:
    """The tour's commands, block by block, for a server of the test's own."""
    blocks = re.findall(r"```sh\n(.*?)```", section("A tour in five minutes"), re.DOTALL)
    return [
        block.replace("http://127.0.0.1:8080", world.running.base).replace(
            "osk_paste_the_key_here", world.owner.key
        )
        for block in blocks
    ]


async def start(script: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", script),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


async def test_the_tour_runs_as_it_stands(world):
    *blocks, watch = commands(world)
    script = re.sub(
        "^curl -s ", r"curl -sS -w '\\n%{http_code}\\n' ", "\n".join(blocks), flags=re.MULTILINE
    )
    process = await start(script)
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    statuses = re.findall(r"^(\d{3})$", output.decode(), re.MULTILINE)
    expected = "200 201 200 200 200 200 200 200 200 200 201 200 204"
    assert statuses == expected.split()

    trip_id = (await world.client.get("/trips")).json["items"][-1]["_id"]
    settings = f"API={world.running.base}/api/v1 KEY={world.owner.key} TRIP={trip_id}\n"
    watching = await start(f"{settings}exec {watch}")
    assert watching.stdout is not None
    told = [await watching.stdout.readline() for _ in range(9)]
    assert [line for line in told if line.startswith(b"event:")] == [
        b"event: hello\n",
        *[b"event: change\n"] * 2,
    ], told
    watching.kill()
    await watching.wait()
