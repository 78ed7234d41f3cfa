"""That a worker is there, as servers with the same Redis see it."""

from typing import Final

from runtime.redis_signals import connect

BEAT_SECONDS: Final = 10.0
"""Between two beats of a worker."""
_KEY: Final = "carnet:worker"
_KEPT_SECONDS: Final = 25
"""After so long without a beat there is no worker: all are gone, or none gets anything done."""


class Heartbeat:
    """One key for all workers, which goes by itself when no worker renews it."""

    def __init__(self, url: str) -> None:
        self._redis = connect(url)

    async def beat(self) -> None:
        """Tells that a worker is there; errors of the client where Redis is away."""
        await self._redis.set(_KEY, b"", ex=_KEPT_SECONDS)

    async def heard(self) -> bool:
        """Whether some worker is there; errors of the client where Redis is away."""
        return bool(await self._redis.exists(_KEY))

    async def close(self) -> None:
        """Closes the connections."""
        await self._redis.aclose(close_connection_pool=True)
