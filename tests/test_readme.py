"""The README is true: its tables are the program's, and its tour runs as it stands."""

import asyncio
import re
import subprocess
from pathlib import Path

import msgspec

from runtime.settings import Settings
from server.routes import ROUTES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text below a heading, to the next one."""
    return README.split(f"## {title}\n")[1].split("\n## ")[0]


def test_the_table_of_endpoints_is_the_route_table():
    listed = re.findall(r"^\| `([A-Z]+) (\S+)` \|", section("Endpoints"), re.MULTILINE)
    assert sorted(listed) == sorted((route.method, route.path) for route in ROUTES)


def test_the_table_of_settings_names_every_setting():
    first_cells = re.findall(r"^\| (`.*?`) \|", section("Settings"), re.MULTILINE)
    listed = re.findall(r"`([a-z_.]+)`", " ".join(first_cells))
    assert sorted(listed) == sorted(
        f"{part.name}.{field.name}"
        for part in msgspec.structs.fields(Settings)
        for field in msgspec.structs.fields(part.type)
    )


async def test_the_tour_runs_as_it_stands(world):
    blocks = re.findall(r"```sh\n(.*?)```", section("A tour in five minutes"), re.DOTALL)
    script = "\n".join(blocks)
    script = script.replace("http://127.0.0.1:8080", world.running.base)
    script = script.replace("osk_paste_the_key_here", world.owner.key)
    script = re.sub("^curl -s ", r"curl -sS -w '\\n%{http_code}\\n' ", script, flags=re.MULTILINE)
    process = await asyncio.create_subprocess_exec(
        "bash",
        "-euo",
        "pipefail",
        "-c",
        script,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    statuses = re.findall(r"^(\d{3})$", output.decode(), re.MULTILINE)
    assert statuses == ["200", "201", "200", "200", "200", "200", "200", "201", "200", "204"]
