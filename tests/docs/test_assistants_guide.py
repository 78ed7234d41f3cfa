"""docs/assistants.md: its configurations can be read, and lead where they should."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from server.mcp.tools import TOOLS

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "assistants.md").read_text(encoding="utf-8")
PACKAGE = ROOT / "clients" / "mcp-server"
CONFIGURATIONS = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)]


def servers(configuration):
    """The one server that a configuration names."""
    named = configuration.get("mcpServers") or configuration["servers"]
    assert named.keys() == {"carnet"}
    return named["carnet"]


OVER_HTTP = [each for each in map(servers, CONFIGURATIONS) if "url" in each]
STARTED = [each for each in map(servers, CONFIGURATIONS) if "command" in each]


def test_there_is_one_for_each():
    assert (len(OVER_HTTP), len(STARTED)) == (3, 2)


@pytest.mark.parametrize("server", OVER_HTTP, ids=range(3))
async def test_the_address_is_answered(world, server):
    url = server["url"].replace("https://carnet.example.org", world.running.base)
    (variable,) = re.findall(r"\$\{[^}]+\}", server["headers"]["Authorization"])
    key = server["headers"]["Authorization"].replace(variable, world.owner.key)
    message = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    response = await world.as_(None).post(url, message, headers={"Authorization": key})
    assert response.json["result"] == {}


@pytest.mark.parametrize("server", STARTED, ids=lambda server: server["command"])
def test_the_command_is_there(server):
    """The npm package is not on a registry yet, so its program stands for it."""
    command = [server["command"], *server["args"]]
    if server["command"] == "npx":
        package = json.loads((PACKAGE / "package.json").read_text())
        assert server["args"] == ["-y", package["name"]]
        (program,) = package["bin"].values()
        command = [shutil.which("node") or "node", str(PACKAGE / program)]
    else:
        command[0] = str(Path(sys.executable).parent / command[0])
    assert server["env"].keys() == {"CARNET_URL", "CARNET_API_KEY"}
    # Nothing is said to it, so it ends.
    done = subprocess.run(
        command, env={**server["env"]}, input=b"", capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_the_same_is_in_the_package():
    (shown,) = re.findall(r"```json\n(.*?)```", (PACKAGE / "README.md").read_text(), re.DOTALL)
    assert json.loads(shown) in CONFIGURATIONS


def test_the_table_has_all_tools_by_their_scopes():
    rows = re.findall(r"^\| (`whoami`.*?|`\w+`.*?) \| (.*?) \|$", GUIDE, re.MULTILINE)
    told = {name: needs.strip("`") for names, needs in rows for name in re.findall(r"\w+", names)}
    assert told == {tool.name: tool.scope or "any key" for tool in TOOLS}
