"""Work with a client, for a command."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from carnet.client import CarnetClient, CarnetError, ConnectionFailed, Unauthorized
from carnet.failure import Failure, UsageFailure

T = TypeVar("T")


async def connected(url: str, key: str, work: Callable[[CarnetClient], Awaitable[T]]) -> T:
    """Runs `work` with a client; what it is refused is a `Failure` of one line."""
    try:
        client = CarnetClient(base_url=url, api_key=key)
    except ValueError as error:
        wrong = str(error).replace("base_url", "--url").replace("api_key", "--key")
        raise UsageFailure(wrong) from error
    async with client:
        try:
            return await work(client)
        except ConnectionFailed as error:
            raise Failure(f"cannot reach the Carnet at {url}: {error.message}") from error
        except Unauthorized as error:
            raise Failure(f"--key: {error.message}") from error
        except CarnetError as error:
            raise Failure(error.message) from error
