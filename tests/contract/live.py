"""A server in a thread, and a client for it that knows rows of every kind.

For tests that call from outside of any event loop.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import requests
import structlog

from domain.resources import BY_KIND, RESOURCES
from runtime.settings import Limits, Settings
from server.route import API
from storage import open_store
from storage.migrate import migrate
from tests.support import PLENTY, SAMPLES, WEBHOOK, World, new_world, now
from tests.waiting import PATIENCE

T = TypeVar("T")

BY_PARAMETER = {resource.id_param: resource for resource in RESOURCES}


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[World]:
    """A world on a new database in `folder`, in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    running = contextlib.AsyncExitStack()

    def wait(work: Awaitable[T]) -> T:
        async def whole() -> T:
            return await work

        return asyncio.run_coroutine_threadsafe(whole(), loop).result(timeout=PATIENCE)

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    try:
        yield wait(_start(running, f"sqlite:///{folder}/carnet.db"))
    finally:
        wait(running.aclose())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        structlog.reset_defaults()


async def _start(running: contextlib.AsyncExitStack, url: str) -> World:
    store = await open_store(url)
    running.push_async_callback(store.close)
    await migrate(store, now())
    settings = msgspec.structs.replace(Settings(), limits=Limits(PLENTY, PLENTY))
    return await running.enter_async_context(new_world(store, settings))


class Live:
    """A client of a running server, with one row of each kind to name in requests."""

    def __init__(self, world: World) -> None:
        self.url = world.running.base + API
        self.session = requests.Session()
        self.headers = {"Authorization": f"Bearer {world.owner.key}"}
        self.trip = world.trip
        self.ids = {"tripId": world.trip_id, "rev": "1"}
        self.ids["channelId"] = self.send("GET", f"{self.trip}/channels")["items"][0]["_id"]
        said = self.send("POST", self._path("/channels/{channelId}/messages"), {"content": "Hello"})
        later = {"Prefer": "respond-async"}
        self.ids["jobId"] = self.send("POST", f"{self.trip}/sync", {}, later)["_id"]
        for resource in RESOURCES:
            self.ids[resource.id_param] = self.new_row(resource.id_param)
        self.ids["webhookId"] = self.new_row("webhookId")
        tested = self.send("POST", f"/webhooks/{self.ids['webhookId']}/test")
        self.ids["deliveryId"] = tested["_id"]
        self.links = {
            "groupId": world.group_id,
            "parentId": said["_id"],
            "tripId": world.trip_id,
        }
        for link in (link for resource in RESOURCES for link in resource.links):
            row = BY_KIND.get(link.kind)
            self.links[link.field] = self.ids[row.id_param] if row else world.owner.user_id
        """By member of a body: an id that may stand there."""

    def close(self) -> None:
        """Lets go of the connection."""
        self.session.close()

    def id(self, parameter: str) -> str:
        """What to put for a parameter of a path."""
        if parameter != "token":
            return self.ids[parameter]
        token: str = self.send("POST", f"{self.trip}/share-token")["token"]
        return token

    def feed_token(self) -> str:
        """What to put for the token of a calendar."""
        url: str = self.send("POST", "/me/calendar-token")["url"]
        return url.rpartition("/")[2].removesuffix(".ics")

    def new_row(self, parameter: str) -> str:
        """The id of a further row, of the kind a parameter names."""
        if parameter == "webhookId":
            hook: str = self.send("POST", "/webhooks", WEBHOOK)["_id"]
            return hook
        resource = BY_PARAMETER[parameter]
        made: str = self.send("POST", self._path(resource.path), SAMPLES[resource.kind])["_id"]
        return made

    def new_changeset(self) -> str:
        """The revision of a further changeset, which can be undone."""
        self.new_row("pinId")
        return str(self.send("GET", f"{self.trip}/history?limit=1")["items"][0]["rev"])

    def _path(self, template: str) -> str:
        return self.trip + template.format_map(self.ids)

    def send(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Any:
        """The JSON of a response, which is one of success."""
        response = self.session.request(
            method, self.url + path, json=body, headers=self.headers | (headers or {})
        )
        assert response.ok, response.text
        return response.json()
