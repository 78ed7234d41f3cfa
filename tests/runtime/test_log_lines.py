"""Lines of a busy loop are written together, and none is lost."""

import asyncio
import io
import threading

from runtime import logs
from runtime.logs import Lines


class Stream(io.BytesIO):
    """Counts its writes."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0
        self.written = asyncio.Event()

    def write(self, data) -> int:
        self.writes += 1
        self.written.set()
        return super().write(data)


def say(lines: Lines, text: str) -> None:
    lines.write(f"{text}\n".encode())
    lines.flush()


def test_without_a_loop_a_line_is_written_at_once():
    stream = Stream()
    say(Lines(stream), "a")
    assert stream.getvalue() == b"a\n"


async def test_lines_of_a_busy_loop_are_written_together(monkeypatch):
    monkeypatch.setattr(logs, "TOGETHER_SECONDS", 0.01)
    stream = Stream()
    lines = Lines(stream)
    for number in range(100):
        say(lines, str(number))
    assert stream.writes == 0
    await asyncio.wait_for(stream.written.wait(), 5)
    assert (stream.writes, stream.getvalue().split()[-1]) == (1, b"99")
    stream.written.clear()
    say(lines, "later")
    await asyncio.wait_for(stream.written.wait(), 5)
    assert stream.getvalue().endswith(b"later\n")


def test_lines_of_a_loop_that_ended_are_written_by_who_comes_next(monkeypatch):
    stream = Stream()
    lines = Lines(stream)

    async def talk() -> None:
        say(lines, "a")

    asyncio.run(talk())
    assert stream.writes == 0
    monkeypatch.setattr(logs, "TOGETHER_SECONDS", 0)
    lines.write_out()
    assert stream.getvalue() == b"a\n"


def test_threads_lose_no_line():
    stream = Stream()
    lines = Lines(stream)

    def talk(name: int) -> None:
        for number in range(500):
            say(lines, f"{name}-{number}")

    crowd = [threading.Thread(target=talk, args=(name,)) for name in range(4)]
    for each in crowd:
        each.start()
    for each in crowd:
        each.join()
    lines.write_out()
    said = stream.getvalue().decode().split()
    assert sorted(said) == sorted(f"{name}-{n}" for name in range(4) for n in range(500))
