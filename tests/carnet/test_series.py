"""How many series a scrape may have at worst: whatever is sent, no more than were foreseen."""

import pytest

import server.app
import workers.kinds
from runtime import measured
from runtime.measured import FAMILIES
from runtime.metrics import Family, Histogram
from server.pages.table import PAGES
from server.route import Stream
from server.routes import ROUTES

MOST = 1_000
SAY_LABELS = (server.app, workers.kinds)
"""Modules with the tables that values of labels come from."""


def series(family: Family) -> int:
    """How many there are with all sets of labels, also those that were not foreseen."""
    sets = len(family.foreseen) + 1 if family.labels else 1
    return sets * (len(family.bounds) + 3 if isinstance(family, Histogram) else 1)


def test_there_are_never_more_than_a_thousand():
    every = [family for family in FAMILIES if family is not measured.BUILD]
    assert [family.name for family in every if not family.foreseen] == []
    assert sum(map(series, every)) + 1 <= MOST


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_each_route_is_measured_by_its_template(route):
    foreseen = (route.method, route.template) in measured.REQUEST_SECONDS.foreseen
    assert foreseen != isinstance(route, Stream)


@pytest.mark.parametrize("path", sorted({page.path for page in PAGES}))
def test_pages_are_measured_by_their_first_segment(path):
    segment = path.strip("/").split("/")[0]
    assert ("any", f"/{segment}") in measured.REQUEST_SECONDS.foreseen
