"""The README is true: its tour runs as it stands. Its tables are generated (`docs.generate`)."""

import asyncio
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text below a heading, to the next one."""
    return README.split(f"## {title}\n")[1].split("\n## ")[0]


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
