"""Every request finds the route of its path, and is told of the nearest where there is none."""

import dataclasses

import pytest

from domain.errors import MethodNotAllowed, NotFound
from server.route import Transaction
from server.routes import ROUTES
from server.tree import Found, Missing, RouteTree

TREE = RouteTree(ROUTES)

each_route = pytest.mark.parametrize("route", ROUTES, ids=lambda r: f"{r.method} {r.path}")


def filled(path: str) -> str:
    """A path with each parameter's name in its place."""
    return path.replace("{", "").replace("}", "")


def missing(method: str, path: str) -> Missing:
    found = TREE.find(method, path)
    assert isinstance(found, Missing)
    return found


@each_route
def test_a_request_finds_the_route_of_its_path(route):
    found = TREE.find(route.method, filled(route.path))
    assert isinstance(found, Found)
    assert found.route is route
    assert all(name == value for name, value in found.params.items())
    assert len(found.params) == route.path.count("{")


@each_route
def test_head_goes_where_get_goes(route):
    found = TREE.find("HEAD", filled(route.path))
    if route.method == "GET":
        assert isinstance(found, Found)
        assert found.route is route
    elif isinstance(found, Found):
        assert found.route.method == "GET"


@each_route
def test_a_trailing_slash_is_another_route(route):
    assert isinstance(missing(route.method, f"{filled(route.path)}/").error, NotFound)


@pytest.mark.parametrize(
    "path", ["", "/", "//", "/trips//legs", "/nothing", "/trips/t/legs/l/stays/s/x", "/%2Ftrips"]
)
def test_what_is_no_route_is_not_found(path):
    assert isinstance(missing("GET", path).error, NotFound)


@pytest.mark.parametrize("method", ["PUT", "POST", "OPTIONS", "TRACE", "get", ""])
def test_a_method_that_a_path_does_not_take_names_those_it_does(method):
    error = missing(method, "/trips/t").error
    assert isinstance(error, MethodNotAllowed)
    assert error.headers["Allow"] == "DELETE, GET, HEAD, PATCH"
    assert "/api/v1/trips/{tripId}" in error.message


def test_segments_are_compared_once_they_are_decoded():
    found = TREE.find("GET", "/trips/a%2Fb/%6Cegs")
    assert isinstance(found, Found)
    assert (found.route.path, found.params) == ("/trips/{tripId}/legs", {"tripId": "a/b"})


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("/trips/t/mappins", "/trips/{tripId}/map-pins"),
        ("/trips/t/tasks", "/trips/{tripId}/action-items"),
        ("/trip", "/trips"),
        ("/trips/t/leg", "/trips/{tripId}/legs"),
    ],
)
def test_the_nearest_route_is_named(path, near):
    assert f"/api/v1{near}" in missing("GET", path).error.message


def test_what_is_near_nothing_is_told_where_to_look():
    assert "openapi.json" in missing("GET", "/zzzzzzzz/qqqqqqqqqqq").error.message


def test_an_unknown_path_is_counted_as_what_begins_like_it():
    """Else a share link's guesses would not count against an address."""
    assert missing("GET", "/shared/trips/x/y").access == "address"
    assert missing("POST", "/shared/trips/x").access == "address"
    assert missing("GET", "/trips/t/x").access == "key"
    assert missing("GET", "/x").access == "key"


def test_a_table_that_contradicts_itself_is_refused():
    first = ROUTES[0]
    assert isinstance(first, Transaction)
    with pytest.raises(TypeError, match="twice"):
        RouteTree([first, first])
    named = [dataclasses.replace(first, path=f"/trips/{{{name}}}") for name in ("a", "b")]
    with pytest.raises(TypeError, match="stands where"):
        RouteTree(named)
