"""The commands of docs/import.md run as they stand, and its Python."""

import asyncio
import re
import subprocess
from pathlib import Path
from typing import Any

from tests.carnet.program import CARNET, environment

TEXT = (Path(__file__).parent.parent.parent / "docs" / "import.md").read_text(encoding="utf-8")


async def test_its_commands_run_one_after_the_other(world, tmp_path):
    script = "".join(re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL))
    script = script.replace("http://127.0.0.1:8080", world.running.base)
    script = script.replace("osk_paste_the_key_here", world.owner.key)
    script = script.replace("curl -s ", "curl -sS --fail-with-body -w '\\n' ")
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", script),
        cwd=tmp_path,
        env=environment({"PATH": f"{CARNET.parent}:/usr/local/bin:/usr/bin:/bin"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    printed = output.decode()
    assert "mapPins: would be 2 created, 0 updated, 0 unchanged" in printed
    assert "mapPins: 2 created, 0 updated, 0 unchanged" in printed
    assert '"dryRun":true' in printed
    assert '"title": "By the lake"' in printed
    assert b"Hafen" in (tmp_path / "lake.gpx").read_bytes()


async def test_its_python_reads_the_pins(world):
    await world.make("/map-pins", {"name": "Hafen", "lat": 48.1, "lng": 9.9})
    (block,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    written: dict[str, Any] = {}
    exec(block, written)  # noqa: S102 - it is our own text
    names = await written["pins_of"](world.running.base, world.owner.key, world.trip_id)
    assert names == ["Hafen"]
