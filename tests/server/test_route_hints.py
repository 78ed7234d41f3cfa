"""The paths and methods that are named to a request that has no route."""

import pytest

from server.route_hints import RouteHints
from server.routes import ROUTES

HINTS = RouteHints(ROUTES)
TRIP = "/api/v1/trips/{tripId}"


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("/trips/t/pins", f"{TRIP}/map-pins"),
        ("/trips/t/pins/p", f"{TRIP}/map-pins/{{pinId}}"),
        ("/trips/t/Map_Pins", f"{TRIP}/map-pins"),
        ("/trips/t/pins:bulk", f"{TRIP}/map-pins:batch"),
        ("/trips/t/legs/l/map-pins", f"{TRIP}/map-pins"),
        ("/trips/t/stays", f"{TRIP}/legs/{{legId}}/stays"),
        ("/stays", f"{TRIP}/legs/{{legId}}/stays"),
        ("/legs/l", f"{TRIP}/legs/{{legId}}"),
        ("/trips/t/%6Degs", f"{TRIP}/legs"),
        ("/trips//legs", f"{TRIP}/legs"),
        ("/trips/t/calendar", f"{TRIP}/calendar.ics"),
        ("/users", "/api/v1/me"),
        ("/trips/t/users", f"{TRIP}/members"),
    ],
)
def test_the_one_route_is_named_that_is_meant(path, near):
    error = HINTS.not_found(path, "/trips")
    assert error.message == f"There is no such route; did you mean {near}?"


def test_where_none_is_meant_those_below_the_known_path_are_named():
    told = HINTS.not_found("/trips/t/weather", "/trips/{tripId}").message
    assert told.startswith(f"There is no such route; below {TRIP} there are ")
    assert "action-items, " in told
    few = HINTS.not_found("/shared/zzzz/zzzz/zzzz", "/shared").message
    shared = "/api/v1/shared/trips/{token}"
    assert f"{shared} or {shared}/calendar.ics or {shared}/export" in few
    feeds = HINTS.not_found("/calendars/zzzz", "/calendars").message
    assert feeds.endswith("did you mean /api/v1/calendars/{token}.ics?")


@pytest.mark.parametrize(
    "path", ["/trips/" + "x" * 100_000, "/x" * 50_000, "/trips/t" + "/legs" * 10_000, "", "/"]
)
def test_whatever_the_path_is_the_answer_is_short(path):
    assert len(HINTS.not_found(path, "").message) < 500


def test_a_method_is_told_where_it_is_taken():
    error = HINTS.not_allowed("PUT", "/trips/{tripId}/legs")
    assert error.headers == {"Allow": "GET, HEAD, POST"}
    assert f"PATCH {TRIP}/legs/{{legId}} (Change one leg)" in error.message
    assert "POST (Create one leg" in HINTS.not_allowed("PATCH", "/trips/{tripId}/legs").message
