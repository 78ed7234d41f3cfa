"""A thousand clients at once, some of which say nothing or stop in the middle."""

import asyncio
import contextlib

from tests.faults.production import production, resident_bytes
from tests.waiting import until

CLIENTS = 1000
IDLE = 200
MEGABYTES = 1024 * 1024


async def test_a_thousand_connections_of_which_two_hundred_hang(tmp_path, record_property):
    url = f"sqlite:///{tmp_path}/data/carnet.db"
    async with production(tmp_path, url) as carnet, contextlib.AsyncExitStack() as stack:
        await carnet.start_server()
        async with carnet.client() as client:
            trip = await carnet.new_trip(client)
            assert (await client.get(trip)).status == 200
            before = resident_bytes(carnet.server.pid)

            hanging = []
            for number in range(IDLE):
                beginning = BEGINNINGS[number % len(BEGINNINGS)]
                reader, writer = await asyncio.open_connection("127.0.0.1", carnet.port)
                stack.callback(writer.transport.abort)
                writer.write(beginning)
                hanging.append((beginning, reader, writer))

            answers = await asyncio.gather(*(client.get(trip) for _ in range(CLIENTS - IDLE)))
            assert {answer.status for answer in answers} == {200}
            hung_up_on = [
                reader.at_eof() for beginning, reader, _ in hanging if beginning not in ANSWERED
            ]
            assert not any(hung_up_on), "they were in nobody's way"
            writes = await asyncio.gather(
                *(
                    client.post(f"{trip}/map-pins", {"name": f"{n}", "lat": 1, "lng": 2})
                    for n in range(CLIENTS - IDLE)
                )
            )
            assert {answer.status for answer in writes} == {201}
            grown = resident_bytes(carnet.server.pid) - before
            record_property("bytes grown", grown)
            assert grown < 150 * MEGABYTES
        # Those who hang do not keep it from leaving.
        assert await carnet.server.stop() == 0
        await until(lambda: not carnet.server.running)


BEGINNINGS = (
    b"",
    b"GET /api/v1/me HTTP/1.1\r\n",
    b"GET /api/v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bea",
    b"POST /api/v1/trips HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Content-Length: 1000\r\n\r\n{",
)
"""What a slow client has sent so far."""
ANSWERED = BEGINNINGS[3:]
"""Those that hold enough to be refused: there is no key."""
