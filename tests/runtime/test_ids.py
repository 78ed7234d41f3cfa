"""Ids and secrets."""

import re
import threading
import time
import uuid

from runtime import ids
from runtime.ids import new_id, new_request_id, new_secret


def test_ids_have_the_form_the_contract_gives_them():
    for _ in range(1_000):
        assert re.fullmatch(r"[a-z0-9]{16,32}", new_id())


def test_ids_are_equally_long_so_that_they_sort():
    assert len({len(new_id()) for _ in range(1_000)}) == 1


def test_ids_sort_in_the_order_they_were_made():
    made = [new_id() for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_ids_sort_whatever_the_clock_does(monkeypatch):
    start = time.time_ns() + 10**12
    moments = iter([start, start - 10**9, start - 10**15, start, start + 10**6, start])
    monkeypatch.setattr(time, "time_ns", lambda: next(moments))
    monkeypatch.setattr(ids, "_last", 0)
    made = [new_id() for _ in range(6)]
    assert made == sorted(made)
    assert len(set(made)) == 6


def test_ids_of_different_processes_sort_by_time(monkeypatch):
    """What a process made earlier does not matter to one that starts later."""
    monkeypatch.setattr(ids, "_last", 0)
    monkeypatch.setattr(time, "time_ns", lambda: 1_700_000_000_000_000_000)
    earlier = new_id()
    monkeypatch.setattr(ids, "_last", 0)
    monkeypatch.setattr(time, "time_ns", lambda: 1_700_000_000_000_001_000)
    assert earlier < new_id()


def test_ids_made_at_one_moment_cannot_be_guessed_from_one_another(monkeypatch):
    made = set()
    for _ in range(1_000):
        monkeypatch.setattr(ids, "_last", 0)
        monkeypatch.setattr(time, "time_ns", lambda: 1_700_000_000_000_000_000)
        made.add(new_id())
    assert len(made) == 1_000
    ends = {text[-8:] for text in made}
    assert len(ends) == 1_000


def test_threads_make_different_ids():
    made: list[list[str]] = [[] for _ in range(8)]

    def make(into: list[str]) -> None:
        into.extend(new_id() for _ in range(2_000))

    threads = [threading.Thread(target=make, args=(into,)) for into in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(into == sorted(into) for into in made)
    assert len({text for into in made for text in into}) == 16_000


def test_ids_last_beyond_our_days(monkeypatch):
    monkeypatch.setattr(ids, "_last", 0)
    now = new_id()
    monkeypatch.setattr(time, "time_ns", lambda: 32_503_680_000 * 10**9)  # the year 3000
    assert now < new_id()
    assert len(new_id()) == len(now)


def test_request_ids_are_random_uuids():
    made = {new_request_id() for _ in range(1_000)}
    assert len(made) == 1_000
    for text in made:
        assert text == f"req_{uuid.UUID(text[4:])}"
        assert (uuid.UUID(text[4:]).version, uuid.UUID(text[4:]).variant) == (4, uuid.RFC_4122)


def test_secrets():
    made = {new_secret("osk_") for _ in range(1_000)}
    assert len(made) == 1_000
    for secret in made:
        assert re.fullmatch(r"osk_[0-9A-Za-z]{32,}", secret)
    assert {character for secret in made for character in secret[4:]} == set(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    )
    assert len(new_secret(characters=7)) == 7
