"""The examples of docs/api.md run as they stand, those for a shell against a server."""

import asyncio
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from domain.delivery import secret_of, signed_headers
from storage import credentials

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


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


async def test_the_examples_run_and_none_is_refused(world, tmp_path):
    password = "correct horse battery staple"
    hashed = await world.running.services.passwords.hash(password)
    await world.store.write(lambda tx: credentials.set_password(tx, world.owner.user_id, hashed))
    blocks = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    assert len(blocks) >= 4
    script = re.sub(
        "^(curl -s) ", r"\1S --fail-with-body -w '\\n' ", "".join(blocks), flags=re.MULTILINE
    )
    printed = await run(
        script,
        API=f"{world.running.base}/api/v1",
        KEY=world.owner.key,
        TRIP=world.trip_id,
        EMAIL=world.owner.email,
        PASSWORD=password,
        JAR=str(tmp_path / "jar"),
    )
    assert '"session":{"_id":' in printed
    assert '"key":"osk_' in printed
    assert '"kind":"mapPin"' in printed
    assert '"op":"created"' in printed
    assert '"dryRun":true,"rev":2,"mapPins":{"deleted":1,' in printed
    assert '"dryRun":false,"rev":3,"mapPins":{"deleted":1,' in printed
    assert '"secret":"whsec_' in printed
    assert printed.count("BEGIN:VCALENDAR") == 2


def test_the_check_of_a_signature_takes_ours_and_no_other():
    (block,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    written: dict[str, Any] = {}
    exec(block, written)  # noqa: S102 - it is our own text
    secret, body = secret_of(bytes(32)), b'{"type":"test"}'
    headers = signed_headers(secret, "d1", int(time.time()), body)
    written["verify"](secret, headers, body)
    wrong = [(secret_of(b"1" * 32), body), (secret, b"{}")]
    old = signed_headers(secret, "d1", int(time.time()) - 400, body)
    for key, given, sent in [*((*each, headers) for each in wrong), (secret, body, old)]:
        with pytest.raises(ValueError, match="not from this Carnet"):
            written["verify"](key, sent, given)
