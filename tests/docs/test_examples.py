"""The examples of docs/api.md run as they stand, one after another, against a server."""

import asyncio
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


async def run(script: str, **variables: str) -> str:
    """What a script prints; it has to succeed."""
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", script),
        cwd=ROOT,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return output.decode()


async def test_the_examples_run_and_none_is_refused(world):
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    assert len(blocks) >= 2
    script = re.sub(
        "^(curl -s) ", r"\1S --fail-with-body -w '\\n' ", "".join(blocks), flags=re.MULTILINE
    )
    printed = await run(
        script, API=f"{world.running.base}/api/v1", KEY=world.owner.key, TRIP=world.trip_id
    )
    assert '"kind":"mapPin"' in printed
    assert '"op":"created"' in printed
