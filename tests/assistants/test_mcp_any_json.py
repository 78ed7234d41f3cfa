"""Whatever is sent to `/mcp`, it is never the server's fault."""

import contextlib
from collections.abc import Iterator

import msgspec
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from server.mcp.methods import METHODS
from server.mcp.tools import TOOLS
from tests.assistants.speaking import LARGEST_RESULT, META
from tests.contract.live import serving
from tests.support import TRIP

NAMES = sorted(
    {name for tool in TOOLS for name in tool.arguments.__struct_encode_fields__}
    | {"items", "legs", "stays", "mapPins", "title", "startDate", "content", "parentId", "groupId"}
)
MEMBERS = ["_id", "clientRef", "title", "name", "lat", "lng", "legRef", "legId", *META]
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**20), 10**20),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=20),
        st.sampled_from(["leg", "mapPin", "2026-07-16", TRIP["title"], "legs", "9"]),
    ),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8) | st.sampled_from(MEMBERS), inner, max_size=5)
    ),
    max_leaves=12,
)
ARGUMENTS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(NAMES, VALUES) | {"trip": st.just(TRIP["title"]) | VALUES}
)
CALLS = st.fixed_dictionaries(
    {"name": st.sampled_from([tool.name for tool in TOOLS]), "arguments": ARGUMENTS | VALUES}
)
MESSAGES = st.fixed_dictionaries(
    {
        "jsonrpc": st.just("2.0"),
        "id": st.integers() | st.text(max_size=3),
        "method": st.sampled_from([*METHODS, "x"]),
        "params": CALLS | st.dictionaries(st.text(max_size=8) | st.just("uri"), VALUES) | VALUES,
    }
)
CALLS_ONLY = st.builds(
    lambda params: {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}, CALLS
)


@pytest.fixture(scope="module")
def session(tmp_path_factory) -> Iterator[requests.Session]:
    """A connection to a server, with the owner's key."""
    with (
        serving(tmp_path_factory.mktemp("any")) as world,
        contextlib.closing(requests.Session()) as made,
    ):
        made.headers["Authorization"] = f"Bearer {world.owner.key}"
        made.base = f"{world.running.base}/mcp"  # type: ignore[attr-defined]
        yield made


@given(message=MESSAGES | VALUES | CALLS_ONLY, headers=st.sampled_from(
    [{}, {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call"}]
))  # fmt: skip
def test_any_json_has_an_answer(session, message, headers):
    sent = msgspec.json.encode(message)
    response = session.post(
        session.base, data=sent, headers={"Content-Type": "application/json", **headers}
    )
    assert response.status_code in (200, 202, 400, 404), response.text
    if response.status_code == 202:
        return
    told = response.json()
    assert told["jsonrpc"] == "2.0"
    assert ("result" in told) != ("error" in told)
    method = message.get("method") if isinstance(message, dict) else ""
    assert len(response.content) <= LARGEST_RESULT + 1_000 or method == "resources/read"
    if "error" in told:
        assert told["error"]["code"] in {-32700, -32600, -32601, -32602, -32020, -32022, -32002}
