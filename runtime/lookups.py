"""Names looked up, in threads that nothing waits for.

A name server that does not answer holds a thread for half a minute: in the loop's own pool a few
such names would keep all other work from its threads, and at the end the program from leaving.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable

LookUp = Callable[[str], Awaitable[list[str]]]
"""Gives all addresses of a host name in ASCII; OSError when there are none."""


async def look_up(name: str) -> list[str]:
    """The addresses of a host name, as the system finds them."""
    loop = asyncio.get_running_loop()
    found: asyncio.Future[list[str]] = loop.create_future()

    def finish(addresses: list[str], error: OSError | None) -> None:
        if not found.done():
            if error is not None:
                found.set_exception(error)
            else:
                found.set_result(addresses)

    def ask() -> None:
        addresses, failure = [], None
        try:
            # As bytes: Python would make another name of some.
            answers = socket.getaddrinfo(name.encode("ascii"), None, type=socket.SOCK_STREAM)
            addresses = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
        except OSError as error:
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop may be closed by now
            loop.call_soon_threadsafe(finish, addresses, failure)

    threading.Thread(target=ask, name="look-up", daemon=True).start()
    return await found
