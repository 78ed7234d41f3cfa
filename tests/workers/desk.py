"""Webhooks of a home, and deliveries at moments that a test sets."""

import contextlib
import dataclasses
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from domain.account import key_hash
from domain.actor import Actor
from domain.cursor import Position
from operations import webhooks
from storage import deliveries, keys, webhook_claims
from storage.leases import LeaseLost
from storage.store import Store
from storage.webhook_claims import Answer, Claim
from storage.webhooks import NewHook
from tests.storage.home import Home
from tests.support import now
from workers.deliveries import deliver_next

URL = "https://hooks.example.org/x"
ALL = ("trip.created", "trip.changed", "message.created", "job.finished")


@dataclasses.dataclass(frozen=True)
class Sent:
    """One attempt."""

    url: str
    headers: Mapping[str, str]
    raw: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.raw)


async def actor_of(store: Store, key: str) -> Actor:
    """Who acts by a key."""
    caller = await store.read(lambda tx: keys.authenticate(tx, key_hash(key), ""))
    assert caller is not None
    return caller.actor


@dataclasses.dataclass
class Desk:
    """Stands in for sender and clock."""

    home: Home
    actor: Actor
    moment: float = dataclasses.field(default_factory=time.time)
    sent: list[Sent] = dataclasses.field(default_factory=list)
    answer: Callable[[Sent], int | None] = lambda _sent: 200

    @classmethod
    async def of(cls, home: Home) -> "Desk":
        return cls(home, await actor_of(home.store, home.key))

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        sent = Sent(url, headers, body)
        self.sent.append(sent)
        status = self.answer(sent)
        return Answer(status, "" if status else "nobody there", 1)

    async def close(self) -> None: ...

    async def hook(self, *events: str, **fields: Any) -> NewHook:
        """A new webhook, of all events if none is named."""
        body = {"url": URL, "events": list(events or ALL), **fields}
        return await self.home.store.write(
            lambda tx: webhooks.create(tx, self.actor, body, [], now())
        )

    async def change(self, hook_id: str, **fields: Any) -> Any:
        return await self.home.store.write(
            lambda tx: webhooks.change(tx, self.actor, hook_id, fields, [], now())
        )

    async def claim(self, store: Store | None = None) -> Claim | None:
        return await (store or self.home.store).write(
            lambda tx: webhook_claims.claim_next(tx, self.moment)
        )

    async def next(self, claim: Claim, store: Store | None = None) -> bool:
        return await deliver_next(store or self.home.store, self, claim, lambda: self.moment)

    async def work(self) -> list[Sent]:
        """Delivers all that is due; what was sent since this was asked last."""
        while (claim := await self.claim()) is not None:
            with contextlib.suppress(LeaseLost):
                while await self.next(claim):
                    pass
                await self.release(claim)
        sent, self.sent = self.sent, []
        return sent

    async def release(self, claim: Claim) -> None:
        await self.home.store.write(lambda tx: webhook_claims.release(tx, claim, self.moment))

    async def listed(self, hook_id: str, after: Position | None = None) -> list[dict[str, Any]]:
        """A webhook's deliveries, newest first."""
        page = await self.home.store.read(
            lambda tx: deliveries.page(tx, hook_id, after=after, limit=1_000)
        )
        return [msgspec.json.decode(document) for document in page.documents]

    async def shown(self, hook_id: str) -> dict[str, Any]:
        """A webhook as its user sees it."""
        page = await self.home.store.read(lambda tx: webhooks.list_hooks(tx, self.actor, None, 200))
        found = [msgspec.json.decode(document) for document in page.documents]
        (hook,) = [each for each in found if each["_id"] == hook_id]
        assert isinstance(hook, dict)
        return hook
