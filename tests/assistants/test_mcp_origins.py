"""Which pages may use `/mcp`, and how calls count."""

import msgspec
import pytest

from runtime.settings import Http, Limits, Settings
from tests.assistants.speaking import speaker
from tests.support import PLENTY

APP, PUBLIC = "https://app.example", "https://Carnet.example:443/trips"


@pytest.fixture
def settings():
    return msgspec.structs.replace(
        Settings(),
        limits=Limits(requests_per_minute=3, shared_requests_per_minute=PLENTY),
        http=Http(cors_origins=(APP,), public_url=PUBLIC),
    )


async def test_listed_origins_and_that_of_the_public_url_are_ours(world):
    mcp = speaker(world)
    for origin, status in ((APP, 200), ("https://carnet.example", 200), (f"{APP}:81", 403)):
        assert (await mcp.send("ping", headers={"Origin": origin})).status == status


async def test_browsers_may_ask_first(world):
    asked = {"Origin": APP, "Access-Control-Request-Method": "POST"}
    response = await world.as_(None).send("OPTIONS", f"{world.running.base}/mcp", headers=asked)
    assert response.status == 204
    assert response.headers["Access-Control-Allow-Origin"] == APP
    assert response.headers["Access-Control-Allow-Methods"] == "POST"
    assert "Mcp-Method" in response.headers["Access-Control-Allow-Headers"]


async def test_calls_and_reads_count_and_nothing_else(world, mcp):
    # The trip of this world was made by the first request.
    free = ("ping", "tools/list", "resources/list", "resources/templates/list", "prompts/list")
    for method in free * 2:
        assert (await mcp.send(method)).status == 200
    prompt = {"name": "trip_briefing", "arguments": {"trip": world.trip_id}}
    await mcp.ask("prompts/get", prompt)
    await mcp.do("whoami")
    await mcp.ask("resources/read", {"uri": f"carnet://trips/{world.trip_id}"})
    refused = await mcp.call("whoami")
    assert refused.error["code"] == "RATE_LIMITED"
    assert "try again in" in refused.text
    read = await mcp.send("resources/read", {"uri": f"carnet://trips/{world.trip_id}"})
    assert read.json["error"]["data"]["error"]["code"] == "RATE_LIMITED"
    assert int(read.headers["Retry-After"]) >= 1
    assert (await world.client.get("/me")).status == 429
    await mcp.ask("tools/list")
