"""Cached bodies are bounded, and never stale: not even where others write."""

import random

import aiohttp

from server.response_cache import ENTRY_BYTES, KeyIds, ResponseCache
from tests.support import SAMPLES, Client, run_server


def test_a_body_is_good_for_its_target_and_tag_only():
    cache = ResponseCache()
    cache.put("/a", '"1"', b"one")
    assert cache.get("/a", '"1"') == b"one"
    assert cache.get("/a", '"2"') is None
    assert cache.get("/b", '"1"') is None
    cache.put("/a", '"2"', b"two")
    assert (cache.get("/a", '"1"'), cache.get("/a", '"2"')) == (None, b"two")


ENTRY = ENTRY_BYTES + len("a") + len("1") + 10
"""The room that a body of ten bytes takes."""


def test_what_was_least_used_goes_first_and_the_room_is_kept():
    cache = ResponseCache(max_bytes=4 * ENTRY)
    for target in "abcd":
        cache.put(target, "1", b"x" * 10)
    assert cache.get("a", "1") is not None
    cache.put("e", "1", b"x" * 10)
    assert [target for target in "abcde" if cache.get(target, "1")] == ["a", "c", "d", "e"]


def test_a_body_too_large_for_its_share_is_not_cached_nor_is_the_one_before():
    cache = ResponseCache(max_bytes=4 * ENTRY)
    cache.put("a", "1", b"x" * 10)
    cache.put("a", "2", b"x" * 11)
    assert (cache.get("a", "1"), cache.get("a", "2")) == (None, None)


def test_many_small_bodies_take_the_room_they_take():
    """An entry costs more than its body: bodies of nothing are bounded too."""
    cache = ResponseCache(max_bytes=10 * ENTRY_BYTES)
    for number in range(100):
        cache.put(f"{number}", "1", b"")
    assert len(cache._entries) < 10


async def test_a_write_by_one_server_is_seen_at_once_by_another(world, store, settings):
    """Random writes through two servers on one database; each read shows all of them."""
    choice = random.Random(7)
    names: list[str] = []
    async with run_server(store, settings) as second, aiohttp.ClientSession() as session:
        clients = [world.client, Client(session, second.base, world.owner.key)]
        for step in range(60):
            writer, reader = choice.choice(clients), choice.choice(clients)
            if choice.random() < 0.5:
                name = f"pin {step}"
                made = await writer.post(
                    f"{world.trip}/map-pins", {**SAMPLES["mapPin"], "name": name}
                )
                assert made.status == 201
                names.append(name)
            listed = await reader.get(f"{world.trip}/map-pins")
            assert [pin["name"] for pin in listed.json["items"]] == names
            exported = await reader.get(f"{world.trip}/export")
            assert [pin["name"] for pin in exported.json["mapPins"]] == names


def test_so_many_key_ids_are_cached_and_no_more():
    cache = KeyIds(most=3)
    for number in range(5):
        cache.put(f"hash {number}", f"id {number}")
    found = [cache.get(f"hash {number}") for number in range(5)]
    assert found == [None, None, "id 2", "id 3", "id 4"]
