"""How moments are written down."""

import datetime

import pytest

from domain.clock import timestamp

UTC = datetime.UTC


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime.datetime(2026, 7, 15, tzinfo=UTC), "2026-07-15T00:00:00.000Z"),
        (datetime.datetime(2026, 7, 15, 9, 30, 1, 999_999, UTC), "2026-07-15T09:30:01.999Z"),
        (datetime.datetime(2026, 7, 15, 9, 30, 1, 1_000, UTC), "2026-07-15T09:30:01.001Z"),
        (
            datetime.datetime(
                2026, 7, 15, 1, 0, tzinfo=datetime.timezone(datetime.timedelta(hours=9))
            ),
            "2026-07-14T16:00:00.000Z",
        ),
    ],
)
def test_timestamps(moment, text):
    assert timestamp(moment) == text


def test_timestamps_are_equally_long_and_sort_by_time():
    start = datetime.datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)
    step = datetime.timedelta(days=37, hours=5, milliseconds=7)
    texts = [timestamp(start + step * n) for n in range(500)]
    assert texts == sorted(texts)
    assert {len(text) for text in texts} == {24}


def test_timestamps_can_be_read_back():
    moment = datetime.datetime(2026, 7, 15, 9, 30, 1, 42_000, UTC)
    assert datetime.datetime.fromisoformat(timestamp(moment)) == moment
