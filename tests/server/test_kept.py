"""Kept bodies are bounded, and never stale: not even where others write."""

import random

import aiohttp

from server.kept import KeptBodies, KeyIds
from tests.support import SAMPLES, Client, run_server


def test_a_body_is_good_for_its_path_and_revision_only():
    kept = KeptBodies()
    kept.put("/a", 1, b"one")
    assert kept.get("/a", 1) == b"one"
    assert kept.get("/a", 2) is None
    assert kept.get("/b", 1) is None
    kept.put("/a", 2, b"two")
    assert (kept.get("/a", 1), kept.get("/a", 2)) == (None, b"two")


def test_what_was_least_used_goes_first_and_the_room_is_kept():
    kept = KeptBodies(max_bytes=40)
    for path in "abcd":
        kept.put(path, 1, b"x" * 10)
    assert kept.get("a", 1) is not None
    kept.put("e", 1, b"x" * 10)
    assert [path for path in "abcde" if kept.get(path, 1)] == ["a", "c", "d", "e"]


def test_a_body_too_large_for_its_share_is_not_kept_nor_is_the_one_before():
    kept = KeptBodies(max_bytes=40)
    kept.put("a", 1, b"x" * 10)
    kept.put("a", 2, b"x" * 11)
    assert (kept.get("a", 1), kept.get("a", 2)) == (None, None)


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


def test_so_many_key_ids_are_kept_and_no_more():
    kept = KeyIds(most=3)
    for number in range(5):
        kept.put(f"hash {number}", f"id {number}")
    found = [kept.get(f"hash {number}") for number in range(5)]
    assert found == [None, None, "id 2", "id 3", "id 4"]
