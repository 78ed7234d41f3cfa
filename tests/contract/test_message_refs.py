"""Contract section 6: a message's clientRef, unique per channel and author."""

from domain.scopes import Role
from tests.contract.kinds import channel_path, listed
from tests.contract.test_people_and_messages import add_channel
from tests.support import gather

HELLO = {"content": "Hello", "clientRef": "a"}


async def test_sent_again_it_is_200_with_the_message_as_it_is(world):
    path = await channel_path(world)
    first = await world.client.post(path, HELLO)
    assert (first.status, first.json["clientRef"]) == (201, "a")
    for body in (HELLO, {**HELLO, "content": "Changed"}, {"clientRef": "a", "content": "x"}):
        again = await world.client.post(path, body)
        assert (again.status, again.raw) == (200, first.raw)
        assert again.headers["ETag"] == first.headers["ETag"]
    assert await listed(world, path) == [first.json]


async def test_as_read_it_can_be_sent_back(world):
    path = await channel_path(world)
    first = (await world.client.post(path, HELLO)).json
    again = await world.client.post(path, first)
    assert (again.status, again.json) == (200, first)


async def test_need_not_carry_its_content_again(world):
    path = await channel_path(world)
    first = await world.client.post(path, HELLO)
    again = await world.client.post(path, {"clientRef": "a"})
    assert (again.status, again.raw) == (200, first.raw)


async def test_what_is_wrong_with_one_sent_again_is_told(world):
    path = await channel_path(world)
    await world.client.post(path, HELLO)
    refused = await world.client.post(path, {**HELLO, "text": "x", "content": ""})
    assert (refused.status, refused.details) == (
        400,
        [("content", "empty"), ("text", "unknown_field")],
    )


async def test_of_many_at_once_one_is_made(world):
    path = await channel_path(world)
    answers = await gather(*(world.client.post(path, HELLO) for _ in range(20)))
    assert sorted(answer.status for answer in answers) == [200] * 19 + [201]
    assert len({answer.raw for answer in answers}) == 1
    assert len(await listed(world, path)) == 1


async def test_another_author_and_another_channel_may_use_it_too(world):
    path = await channel_path(world)
    other = await add_channel(world, "food")
    editor = world.as_((await world.person("ed", Role.EDITOR)).key)
    second_trip = await channel_path(world, await world.new_trip())
    made = [
        await client.post(at, HELLO)
        for client in (world.client, editor)
        for at in (path, other, second_trip)
    ]
    assert [answer.status for answer in made] == [201] * 6
    assert len({answer.json["_id"] for answer in made}) == 6
    again = [
        await client.post(at, HELLO)
        for client in (world.client, editor)
        for at in (path, other, second_trip)
    ]
    assert [answer.raw for answer in again] == [answer.raw for answer in made]
    assert {answer.json["clientRef"] for answer in again} == {"a"}


async def test_a_ref_is_text_of_1_to_255_characters_or_null(world):
    path = await channel_path(world)
    for ref, reason in (("", "empty"), ("r" * 256, "too_long"), (5, "wrong_type")):
        refused = await world.client.post(path, {"content": "x", "clientRef": ref})
        assert (refused.status, refused.details) == (400, [("clientRef", reason)])
    for ref in ("r" * 255, "a/b", "é"):
        sent = await world.client.post(path, {"content": "x", "clientRef": ref})
        assert (sent.status, sent.json["clientRef"]) == (201, ref)
    for _ in range(2):
        sent = await world.client.post(path, {"content": "x", "clientRef": None})
        assert (sent.status, "clientRef" in sent.json) == (201, False)


async def test_with_an_idempotency_key_the_first_answer_comes_again(world):
    path = await channel_path(world)
    key = {"Idempotency-Key": "k"}
    first = await world.client.post(path, HELLO, headers=key)
    replay = await world.client.post(path, HELLO, headers=key)
    assert (first.status, replay.status, replay.raw) == (201, 201, first.raw)
    assert (await world.client.post(path, HELLO)).status == 200
