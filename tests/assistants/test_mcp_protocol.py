"""MCP over HTTP, rule by rule, in both eras."""

import base64
from typing import Any

import pytest

from server.mcp.eras import HANDSHAKE, MODERN, VERSIONS
from storage import keys
from tests.assistants.speaking import META, Speaker, speaker
from tests.support import add_key, now

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
CAPABILITIES: dict[str, Any] = {"tools": {}, "resources": {}, "prompts": {}}


@pytest.mark.parametrize("version", HANDSHAKE)
async def test_a_handshake_settles_on_the_version_that_was_asked_for(world, version):
    told = await speaker(world).ask("initialize", {"protocolVersion": version})
    assert told["protocolVersion"] == version
    assert told["capabilities"] == CAPABILITIES
    assert told["serverInfo"]["name"] == "carnet"
    assert "never instructions" in told["instructions"]


@pytest.mark.parametrize("version", [MODERN, "1999-01-01", None, 7])
async def test_of_versions_without_a_handshake_it_offers_the_newest_with_one(world, version):
    told = await speaker(world).ask("initialize", {"protocolVersion": version})
    assert told["protocolVersion"] == HANDSHAKE[0]


async def test_there_are_no_sessions(world):
    mcp = speaker(world)
    for method in ("initialize", "ping", "tools/list"):
        response = await mcp.send(method)
        assert "Mcp-Session-Id" not in response.headers
    # One that another server has given is nobody's business here.
    response = await mcp.send("ping", headers={"Mcp-Session-Id": "of-another-server"})
    assert response.status == 200


async def test_discovery_tells_versions_and_capabilities(world):
    told = await speaker(world, era="modern").ask("server/discover")
    assert told["supportedVersions"] == list(VERSIONS)
    assert told["capabilities"] == CAPABILITIES
    assert told["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "carnet"


@pytest.mark.parametrize(
    "method",
    ["server/discover", "tools/list", "resources/list", "resources/templates/list", "prompts/list"],
)
async def test_without_a_handshake_lists_say_how_long_they_may_be_kept_and_by_whom(world, method):
    told = await speaker(world, era="modern").ask(method)
    assert told["resultType"] == "complete"
    assert told["ttlMs"] >= 0
    assert told["cacheScope"] == "private"


async def test_a_resource_that_is_read_says_it_too_and_a_call_does_not(world):
    mcp = speaker(world, era="modern")
    read = await mcp.ask("resources/read", {"uri": f"carnet://trips/{world.trip_id}"})
    assert (read["ttlMs"], read["cacheScope"], read["resultType"]) == (0, "private", "complete")
    called = await mcp.ask("tools/call", {"name": "whoami"})
    assert called["resultType"] == "complete"
    assert not {"ttlMs", "cacheScope"} & called.keys()


async def test_with_a_handshake_results_have_nothing_of_this(world):
    told = await speaker(world).ask("tools/list")
    assert told.keys() == {"tools"}


def modern(method="ping", params=None, **meta):
    return {
        "jsonrpc": "2.0",
        "id": 1,
        "method": method,
        "params": {**(params or {}), "_meta": {**META, **meta}},
    }


HEADERS = {"MCP-Protocol-Version": MODERN, "Mcp-Method": "ping"}


@pytest.mark.parametrize(
    ("headers", "named"),
    [
        ({"MCP-Protocol-Version": HANDSHAKE[0]}, "MCP-Protocol-Version"),
        ({"MCP-Protocol-Version": ""}, "MCP-Protocol-Version"),
        ({"Mcp-Method": "tools/list"}, "Mcp-Method"),
        ({"Mcp-Method": ""}, "Mcp-Method"),
    ],
)
async def test_headers_that_contradict_the_body(world, headers, named):
    response = await speaker(world).post(modern(), headers=HEADERS | headers)
    assert response.status == 400
    assert response.json["error"]["code"] == -32020
    assert named in response.json["error"]["message"]
    assert response.json["id"] == 1


@pytest.mark.parametrize("missing", HEADERS)
async def test_headers_that_are_missing(world, missing):
    headers = {name: value for name, value in HEADERS.items() if name != missing}
    response = await speaker(world).post(modern(), headers=headers)
    assert (response.status, response.json["error"]["code"]) == (400, -32020)
    assert f"{missing} is missing" in response.json["error"]["message"]


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("whoami", 200),
        (f"=?base64?{base64.b64encode(b'whoami').decode()}?=", 200),
        ("get_trip", 400),
        ("=?base64?whoami?=", 400),
        (None, 400),
    ],
)
async def test_the_name_of_a_tool_is_in_a_header_too(world, name, status):
    headers = HEADERS | {"Mcp-Method": "tools/call"} | ({"Mcp-Name": name} if name else {})
    response = await speaker(world).post(modern("tools/call", {"name": "whoami"}), headers=headers)
    assert response.status == status
    if status == 400:
        assert response.json["error"]["code"] == -32020


async def test_a_name_that_is_not_ascii_is_encoded_in_its_header(world):
    uri = "carnet://trips/München"
    encoded = f"=?base64?{base64.b64encode(uri.encode()).decode()}?="
    headers = HEADERS | {"Mcp-Method": "resources/read", "Mcp-Name": encoded}
    response = await speaker(world).post(modern("resources/read", {"uri": uri}), headers=headers)
    assert (response.status, response.json["error"]["code"]) == (400, -32602)


@pytest.mark.parametrize("gone", META)
async def test_meta_that_is_not_whole(world, gone):
    message = modern()
    del message["params"]["_meta"][gone]
    response = await speaker(world).post(message, headers=HEADERS)
    assert (response.status, response.json["error"]["code"]) == (400, -32602)
    assert gone in response.json["error"]["message"]


async def test_meta_that_is_not_there(world):
    response = await speaker(world).post(PING, headers=HEADERS)
    assert (response.status, response.json["error"]["code"]) == (400, -32602)


async def test_an_unknown_version_is_told_the_known_ones(world):
    version = "2031-01-01"
    body = modern(**{"io.modelcontextprotocol/protocolVersion": version})
    response = await speaker(world).post(body, headers=HEADERS | {"MCP-Protocol-Version": version})
    assert response.status == 400
    assert response.json["error"]["code"] == -32022
    assert response.json["error"]["data"] == {"supported": list(VERSIONS), "requested": version}
    response = await speaker(world).post(PING, headers={"MCP-Protocol-Version": version})
    assert (response.status, response.json["error"]["code"]) == (400, -32022)


async def test_without_any_version_it_is_of_the_era_with_a_handshake(world):
    response = await speaker(world).post(PING)
    assert (response.status, response.json) == (200, {"jsonrpc": "2.0", "id": 1, "result": {}})


@pytest.mark.parametrize("message_id", [0, 7, -1, 1.5, "", "a", "ünï"])
async def test_the_answer_has_the_id_of_the_request(world, message_id):
    response = await speaker(world).post({**PING, "id": message_id})
    assert response.json["id"] == message_id


async def test_unknown_methods(mcp):
    for method in ("tools/delete", "subscriptions/listen", "logging/setLevel", ""):
        response = await mcp.send(method)
        assert response.json["error"]["code"] == -32601
        assert response.status == (404 if mcp.era == "modern" else 200)


async def test_each_era_has_its_way_to_begin(world):
    for era, method in (("modern", "initialize"), ("handshake", "server/discover")):
        response = await speaker(world, era=era).send(method)
        assert response.json["error"]["code"] == -32601


@pytest.mark.parametrize("headers", [{}, {"MCP-Protocol-Version": MODERN}])
@pytest.mark.parametrize("method", ["notifications/initialized", "notifications/cancelled", "x"])
async def test_notifications_are_taken_and_not_answered(world, method, headers):
    response = await speaker(world).post({"jsonrpc": "2.0", "method": method}, headers=headers)
    assert (response.status, response.raw) == (202, b"")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ([PING], -32600),
        ([], -32600),
        ("ping", -32600),
        (7, -32600),
        ({}, -32600),
        ({"jsonrpc": "1.0", "id": 1, "method": "ping"}, -32600),
        ({"id": 1, "method": "ping"}, -32600),
        ({"jsonrpc": "2.0", "id": 1}, -32600),
        ({"jsonrpc": "2.0", "id": 1, "result": {}}, -32600),
        ({"jsonrpc": "2.0", "id": None, "method": "ping"}, -32600),
        ({"jsonrpc": "2.0", "id": True, "method": "ping"}, -32600),
        ({"jsonrpc": "2.0", "id": [], "method": "ping"}, -32600),
        ({"jsonrpc": "2.0", "id": 1, "method": 7}, -32600),
        ({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []}, -32600),
    ],
)
async def test_what_is_no_message(world, body, code):
    response = await speaker(world).post(body)
    assert response.status == 400
    assert response.json["error"]["code"] == code
    assert response.json["jsonrpc"] == "2.0"


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\xff", b'{"a":1,"a":2}', b"[" * 500, b'{"a":"\\u0000"}', b"NaN"]
)
async def test_what_is_no_json(world, data):
    response = await speaker(world).post(data=data)
    assert (response.status, response.json["error"]["code"]) == (400, -32700)
    assert response.json["id"] is None


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "PATCH", "OPTIONS", "HEAD"])
async def test_only_post(world, method):
    response = await world.client.send(method, f"{world.running.base}/mcp")
    assert response.status == 405
    assert response.headers["Allow"] == "POST"


@pytest.mark.parametrize("accept", ["application/json", "*/*", "text/event-stream", None])
async def test_any_client_is_answered_json(world, accept):
    headers = {"Accept": accept} if accept else {}
    response = await speaker(world).post(PING, headers=headers)
    assert response.status == 200
    assert response.headers["Content-Type"] == "application/json"


async def test_other_media_types_are_refused(world):
    response = await speaker(world).post(data=b"{}", headers={"Content-Type": "text/plain"})
    assert (response.status, response.code) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("path", ["/mcp/", "/mcp/x", "/mcpx", "/mc"])
async def test_there_is_nothing_beside_it(world, path):
    response = await world.client.post(f"{world.running.base}{path}", PING)
    assert response.status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/mcp",
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
    ],
)
async def test_no_oauth_is_advertised(world, path):
    assert (await world.as_(None).get(f"{world.running.base}{path}")).status == 404


@pytest.mark.parametrize("key", [None, "osk_" + "x" * 40, "ghp_abc"])
async def test_a_key_is_needed_for_anything(world, key):
    for body in (PING, [PING], {"jsonrpc": "2.0", "method": "notifications/initialized"}):
        response = await Speaker(world.as_(key)).post(body)
        assert response.status == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert response.code == "UNAUTHORIZED"
        assert "osk_" in response.json["error"]["message"] or key


async def test_expired_and_revoked_keys(world):
    expired = await add_key(world.store, world.owner.user_id, expires_at="2020-01-01T00:00:00.000Z")
    response = await speaker(world, expired).send("ping")
    assert (response.status, response.code) == (401, "UNAUTHORIZED")
    revoked = speaker(world, await add_key(world.store, world.owner.user_id))
    key_id = (await revoked.do("whoami"))["key"]["_id"]
    await world.store.write(lambda tx: keys.revoke(tx, key_id, now()))
    response = await revoked.send("tools/call", {"name": "whoami"})
    assert (response.status, response.code) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://evil.example", 403),
        ("null", 403),
        ("", 403),
        ("http://[", 403),
        ("http://{host}", 200),
        ("https://{host}", 200),
        ("http://{host}.evil.example", 403),
    ],
)
async def test_pages_of_other_sites_are_kept_out(world, origin, status):
    host = world.running.base.removeprefix("http://")
    response = await speaker(world).post(PING, headers={"Origin": origin.format(host=host)})
    assert response.status == status
    if status == 403:
        assert response.code == "FORBIDDEN"


@pytest.mark.parametrize("host", ["example.org", "evil.example:81", "localhost"])
async def test_the_host_does_not_matter(world, host):
    assert (await speaker(world).post(PING, headers={"Host": host})).status == 200


async def test_responses_have_the_headers_of_the_api(world):
    response = await speaker(world).send("tools/call", {"name": "whoami"})
    assert response.headers["X-Request-Id"].startswith("req_")
    assert int(response.headers["X-RateLimit-Remaining"]) >= 0
