"""What fails is tried again as long as it may pass, and done once."""

import pytest

from carnet.client import (
    CarnetClient,
    CarnetError,
    Conflict,
    ConnectionFailed,
    DeadlineExceeded,
    Gone,
    RateLimited,
    Response,
    Unavailable,
    UnexpectedAnswer,
)
from carnet.client.transport import backoff, retry_after
from carnet.client.uploads import Window, send_all
from tests.client.faulty import AFTER, BEFORE, NEVER, WITHIN, answer
from tests.support import SAMPLES

PIN = SAMPLES["mapPin"]
BUSY = answer(503, "Retry-After: 0\r\n")


@pytest.mark.parametrize(
    "fault",
    [BEFORE, WITHIN, AFTER, BUSY, answer(429, "Retry-After: 0\r\n"), answer(408), answer(502)],
    ids=["before", "within", "after", "503", "429", "408", "502"],
)
async def test_a_write_is_done_once_whatever_fails(behind, proxy, world, fault):
    proxy.faults.extend([fault, fault])
    made = await behind.create_map_pin(world.trip_id, PIN)
    assert [pin["_id"] async for pin in behind.iterate_map_pins(world.trip_id)] == [made["_id"]]
    first, second, third = proxy.seen[:3]
    assert first.body == second.body == third.body
    keys = {each.header("Idempotency-Key") for each in (first, second, third)}
    assert len(keys) == 1
    assert None not in keys


async def test_another_call_has_another_key(behind, proxy, world):
    await behind.create_map_pin(world.trip_id, PIN)
    await behind.create_map_pin(world.trip_id, PIN)
    assert proxy.seen[0].header("Idempotency-Key") != proxy.seen[1].header("Idempotency-Key")
    await behind.create_map_pin(world.trip_id, PIN, idempotency_key="mine")
    assert proxy.seen[2].header("Idempotency-Key") == "mine"


async def test_it_gives_up_after_so_many_attempts(behind, proxy):
    proxy.faults.extend([BUSY] * 5)
    with pytest.raises(Unavailable):
        await behind.me()
    assert len(proxy.seen) == 3
    with pytest.raises(Unavailable):
        await behind.me(max_retries=0)
    assert len(proxy.seen) == 4


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 412, 413, 415])
async def test_what_is_an_answer_is_not_tried_again(behind, proxy, status):
    proxy.faults.append(answer(status))
    with pytest.raises(CarnetError) as caught:
        await behind.me()
    assert caught.value.status == status
    assert isinstance(caught.value, Conflict) == (status == 409)
    assert len(proxy.seen) == 1


async def test_who_asks_to_wait_too_long_has_answered(behind, proxy):
    proxy.faults.append(answer(429, "Retry-After: 61\r\n"))
    with pytest.raises(RateLimited):
        await behind.me()
    assert len(proxy.seen) == 1


async def test_no_pause_goes_beyond_the_deadline(behind, proxy):
    proxy.faults.append(answer(503, "Retry-After: 30\r\n"))
    with pytest.raises(Unavailable):
        await behind.me(timeout=20)
    assert len(proxy.seen) == 1


async def test_a_call_ends_at_its_deadline(behind, proxy):
    proxy.faults.append(NEVER)
    with pytest.raises(DeadlineExceeded, match=r"No answer within 0\.01 s"):
        await behind.me(timeout=0.01)


async def test_another_programs_answer_is_told_as_such(behind, proxy):
    proxy.faults.append(answer(200, "Content-Type: text/html\r\n", b"<p>Sign in"))
    with pytest.raises(UnexpectedAnswer, match="no Carnet's: status 200 with text/html"):
        await behind.me()
    proxy.faults.append(answer(308, "Location: https://example.org/\r\n"))
    with pytest.raises(UnexpectedAnswer, match=r"redirects to https://example\.org/: give"):
        await behind.me()


async def test_a_server_that_is_not_there_is_told(unused_tcp_port):
    base = f"http://127.0.0.1:{unused_tcp_port}"
    async with CarnetClient(base_url=base, api_key="osk_x", max_retries=0) as client:
        with pytest.raises(ConnectionFailed, match="No answer came"):
            await client.me()


async def test_events_go_on_where_the_connection_was_lost(behind, proxy, world):
    client = behind
    cut = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nretry: 0\n\n"
    rev = (await client.export_trip(world.trip_id))["rev"]
    hello = f'event: hello\r\nid: {rev}\r\ndata: {{"rev":{rev}}}\r\n\r\nevent: cha'.encode()
    proxy.faults.extend([BEFORE, cut + hello, BUSY])
    events = client.events(world.trip_id)
    assert (await anext(events)).id == rev
    await world.make("/map-pins", PIN)
    assert [(await anext(events)).type, (await anext(events)).id] == ["hello", rev + 1]
    await events.aclose()
    assert f"?since={rev} " in proxy.seen[-1].head


async def test_a_stream_that_is_refused_at_first_is_an_error(behind, proxy, world):
    proxy.faults.append(answer(410))
    with pytest.raises(Gone):
        await anext(behind.events(world.trip_id))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("", None), ("3", 3.0), ("soon", None), ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0)],
)
def test_how_long_to_wait_is_a_number_or_a_date(text, seconds):
    assert retry_after({"Retry-After": text}) == seconds


def test_pauses_grow_up_to_a_bound():
    assert 0.2 <= backoff(0) <= 0.4
    assert 4.0 <= backoff(1_000) <= 8.0


def test_a_window_is_not_overrun():
    clock = [100.0]
    window = Window(lambda: clock[0])
    assert window.take() == 0
    window.see({"X-RateLimit-Remaining": "3"}, outstanding=1)
    assert [window.take(), window.take()] == [0, 0]
    clock[0] = 130.0
    assert window.take() == 30
    window.see({"X-RateLimit-Remaining": "59"}, outstanding=0)
    assert window.take() == 0
    window.see({}, outstanding=0)
    assert window.take() == 0


async def test_chunks_are_answered_in_order_and_some_go_alone():
    under_way: set[int] = set()
    together = []

    async def chunks():
        for number in range(6):
            yield number

    async def send(chunk):
        under_way.add(chunk)
        together.append(set(under_way))
        under_way.discard(chunk)
        return chunk

    async def answered(chunk):
        await send(chunk)
        return Response({}, 200, {})

    sent = [
        each.chunk
        async for each in send_all(chunks(), answered, alone=lambda chunk: chunk == 3, in_flight=3)
    ]
    assert sent == [0, 1, 2, 3, 4, 5]
    assert all(len(each) == 1 for each in together if 3 in each)
