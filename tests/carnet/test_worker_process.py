"""What an embedded worker tells its server."""

from typing import Any, cast

import msgspec
import pytest

from carnet.messages import Message, parse
from carnet.worker_process import PipeSignals


class Parent:
    def __init__(self) -> None:
        self.sent: list[Message] = []

    def send(self, message: Message) -> None:
        self.sent.append(message)


async def test_news_of_jobs_and_trips_goes_to_the_parent():
    parent = Parent()
    signals = PipeSignals(cast("Any", parent))
    await signals.job_ended("job")
    signals.trip_changed("trip", 7)
    assert parent.sent == [Message(job_ended="job"), Message(trip="trip", rev=7)]


def test_a_message_is_one_line_and_says_only_what_is_news():
    assert Message(trip="a\nb", rev=3).line() == b'{"trip":"a\\nb","rev":3}\n'
    assert parse(Message(ready=True).line()) == Message(ready=True)


def test_a_message_of_another_release_is_read_as_far_as_it_is_known():
    assert parse(b'{"ready": true, "mood": "good"}\n') == Message(ready=True)
    with pytest.raises(msgspec.DecodeError):
        parse(b"nonsense\n")
