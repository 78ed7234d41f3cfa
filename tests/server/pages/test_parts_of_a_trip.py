"""The parts of a trip's page, for members: what they may know more is shown, and only as text."""

import pytest

from server.pages import render
from server.pages.itinerary import itinerary_of
from server.pages.words import words
from tests.contract.kinds import ACCOMMODATION, FLIGHT, RENTAL_CAR
from tests.server.pages.planned import event, leg, trip

PAGE = """{% import "itinerary.html" as parts with context %}
{{ parts.ribbon(itinerary) }}{% for day in itinerary.days %}{{ parts.day(day) }}{% endfor %}"""


def drawn(whole, language="en"):
    """The parts of a trip, one after another."""
    template = render._environment().from_string(PAGE)
    given = {"t": words(language), "icon": "<{}>".format, "itinerary": itinerary_of(whole)}
    return template.render(**given)


def whole(**changes):
    stay = {**ACCOMMODATION, **changes}
    body = leg(
        "2026-07-14", "2026-07-20", accommodation=stay, flights=[FLIGHT], rentalCar=RENTAL_CAR
    )
    rows = [event("2026-07-16", "19:00", notes="A table by the window")]
    return trip("2026-07-14", "2026-07-20", legs=[body], commitments=rows)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_members_see_all_that_is_known(language):
    page = drawn(whole(), language)
    hidden = {"lat", "lng", "checkInDate", "checkOutDate"}
    for name, value in ACCOMMODATION.items():
        assert name in hidden or str(value) in page, name
    for document in (FLIGHT, RENTAL_CAR):
        times = {name for name in document if name.endswith("Time")}
        for name, value in document.items():
            assert (value[11:16] if name in times else value) in page, name
    assert "A table by the window" in page


@pytest.mark.parametrize(
    ("url", "leads"),
    [
        ("https://ryokan.example/?a=1&b=2", True),
        ("http://ryokan.example", True),
        ("javascript:alert(1)", False),
        (" https://ryokan.example", False),
        ("data:text/html,<script>", False),
        ("//evil.example", False),
        ('https://x/" onclick="alert(1)', True),
    ],
)
def test_only_addresses_of_the_web_lead_anywhere(url, leads):
    page = drawn(whole(url=url))
    assert ('rel="noreferrer nofollow"' in page) == leads
    assert "<script" not in page
    assert '" onclick' not in page


def test_what_is_not_there_is_not_shown():
    page = drawn(trip("2026-07-14", "2026-07-14", legs=[leg("2026-07-14", "2026-07-14")]))
    assert "<dl>" not in page
    assert "<details>" not in page
    assert "1 day" in page
    assert "Nothing planned yet" in page


def test_a_trip_without_legs_has_no_ribbon():
    assert "ribbon" not in drawn(trip("2026-07-14", "2026-07-15"))
