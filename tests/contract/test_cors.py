"""Contract section 1: pages of other origins, as the Fetch standard has it."""

from typing import Any

import msgspec
import pytest

from server.routes import ROUTES
from tests.support import SAMPLES, add_session

APP, OTHER = "https://app.example.org", "https://other.example.org"
ALLOWED = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Prefer"
EXPOSED = {
    "ETag",
    "Idempotency-Replayed",
    "Location",
    "Preference-Applied",
    "Retry-After",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-Request-Id",
}


def letting(settings, *origins):
    http = msgspec.structs.replace(settings.http, cors_origins=origins)
    return msgspec.structs.replace(settings, http=http)


@pytest.fixture
def settings(settings, request):
    return letting(settings, *getattr(request, "param", (APP, "http://localhost:3000")))


none_let_in = pytest.mark.parametrize("settings", [()], indirect=True, ids=["none"])
all_let_in = pytest.mark.parametrize("settings", [("*",)], indirect=True, ids=["all"])


async def preflight(world, path, origin=APP, method="POST", **headers):
    asked = {"Origin": origin, "Access-Control-Request-Method": method, **headers}
    return await world.as_(None).send("OPTIONS", path, headers=asked)


def of_cors(answer):
    return {n.lower(): v for n, v in answer.headers.items() if n.lower().startswith("access-")}


async def test_a_preflight_is_answered_before_any_key(world, subtests):
    for path in {route.path for route in ROUTES} | {"/nowhere"}:
        with subtests.test(path):
            answer = await preflight(
                world, path, **{"Access-Control-Request-Headers": "authorization,if-match"}
            )
            assert (answer.status, answer.raw) == (204, b"")
            assert of_cors(answer) == {
                "access-control-allow-origin": APP,
                "access-control-allow-methods": "GET, HEAD, POST, PATCH, DELETE",
                "access-control-allow-headers": ALLOWED,
                "access-control-expose-headers": answer.headers["Access-Control-Expose-Headers"],
                "access-control-max-age": answer.headers["Access-Control-Max-Age"],
            }
            assert answer.headers["Vary"] == "Origin"
            assert answer.headers["X-Request-Id"].startswith("req_")


async def test_a_preflight_counts_against_no_limit_and_does_nothing(world):
    before = (await world.client.get("/me")).headers["X-RateLimit-Remaining"]
    await preflight(world, f"{world.trip}", method="DELETE")
    after = await world.client.get("/me")
    assert int(before) - int(after.headers["X-RateLimit-Remaining"]) == 1
    assert (await world.client.get(world.trip)).json["status"] == "draft"


async def test_every_response_may_be_read_by_an_allowed_origin_errors_too(world, subtests):
    legs = f"{world.trip}/legs"
    stranger = world.as_("osk_unknown")
    row = await world.client.post(legs, SAMPLES["leg"])
    tag = {"If-None-Match": (await world.client.get(legs)).headers["ETag"]}
    calls: tuple[tuple[Any, ...], ...] = (
        (world.client, "GET", legs, None, {}, 200),
        (world.client, "HEAD", legs, None, {}, 200),
        (world.client, "GET", legs, None, tag, 304),
        (world.client, "POST", legs, SAMPLES["leg"], {}, 201),
        (world.client, "DELETE", f"{legs}/{row.json['_id']}", None, {}, 204),
        (world.client, "POST", f"{world.trip}/sync", {}, {"Prefer": "respond-async"}, 202),
        (world.client, "POST", legs, {}, {}, 400),
        (stranger, "GET", legs, None, {}, 401),
        (world.client, "POST", "/trips", {"groupId": "x", **TRIP}, {}, 403),
        (world.client, "GET", "/nowhere", None, {}, 404),
        (world.client, "PUT", legs, {}, {}, 405),
        (world.client, "POST", legs, SAMPLES["leg"], {"If-Match": "*"}, 412),
        (world.client, "POST", legs, {}, {"Content-Type": "text/plain"}, 415),
        (world.as_(None), "GET", "/shared/trips/x", None, {}, 404),
        (world.as_(None), "GET", "/openapi.json", None, {}, 200),
    )
    for client, method, path, body, headers, status in calls:
        with subtests.test(f"{method} {path} {status}"):
            answer = await client.send(method, path, body, headers={"Origin": APP, **headers})
            assert answer.status == status
            assert answer.headers["Access-Control-Allow-Origin"] == APP
            assert set(answer.headers["Access-Control-Expose-Headers"].split(", ")) == EXPOSED
            assert answer.headers["Vary"] == "Origin"
            assert "Access-Control-Allow-Credentials" not in answer.headers


TRIP = {"title": "x", "startDate": "2026-07-15", "endDate": "2026-07-22"}


@pytest.mark.parametrize("origin", [OTHER, "null", f"{APP}.evil.example", APP.upper(), ""])
async def test_another_origin_is_not_let_in(world, origin):
    for answer in (
        await preflight(world, world.trip, origin),
        await world.client.get(world.trip, headers={"Origin": origin}),
        await world.client.get(world.trip),
    ):
        assert answer.status in (200, 204)
        assert of_cors(answer) == {}
        assert answer.headers["Vary"] == "Origin"


@all_let_in
async def test_a_star_lets_everyone_in_without_credentials(world):
    for answer in (
        await preflight(world, world.trip, OTHER),
        await world.client.get(world.trip, headers={"Origin": OTHER}),
        await world.as_(None).get(world.trip, headers={"Origin": OTHER}),
    ):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Vary" not in answer.headers
        assert "Access-Control-Allow-Credentials" not in answer.headers


@none_let_in
async def test_none_is_let_in_by_default(world):
    answer = await preflight(world, world.trip)
    assert (answer.status, of_cors(answer)) == (204, {})
    answer = await world.client.get(world.trip, headers={"Origin": APP})
    assert (answer.status, of_cors(answer), "Vary" in answer.headers) == (200, {}, False)


async def test_options_that_ask_for_nothing_are_a_method_like_any_other(world):
    assert (await world.as_(None).send("OPTIONS", world.trip)).status == 401
    assert (await world.client.send("OPTIONS", world.trip)).status == 405


async def test_what_a_session_is_shown_depends_on_the_cookie_and_on_the_origin(world):
    session = world.client.with_session(await add_session(world.store, world.owner.user_id))
    answer = await session.get(world.trip, headers={"Origin": APP})
    assert answer.status == 200
    assert answer.headers["Vary"] == "Origin, Cookie"
