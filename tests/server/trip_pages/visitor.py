"""Somebody with a browser, without one: pages and forms by raw HTTP."""

import dataclasses
import html
import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from domain.scopes import Role
from tests.support import World, add_session

MULTIPART = "multipart/form-data; boundary=----Boundary7MA4"

Fields = Mapping[str, str | Sequence[str]]


def multipart(*parts: tuple[str, bytes]) -> bytes:
    """A body of parts, each with what its head says of it (RFC 7578)."""
    written = b"".join(
        b"------Boundary7MA4\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n"
        % (head.encode(), content)
        for head, content in parts
    )
    return written + b"------Boundary7MA4--\r\n"


@dataclasses.dataclass(frozen=True)
class Page:
    """What was answered."""

    status: int
    headers: Mapping[str, str]
    html: str

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")

    @property
    def text(self) -> str:
        """What is read of it, marks of elements aside."""
        return html.unescape(re.sub(r"<[^>]+>", "", self.html))

    def value(self, field: str) -> str:
        """What a form's field has."""
        found = re.search(rf'name="{field}"[^>]* value="([^"]*)"', self.html)
        assert found, field
        return html.unescape(found[1])


class Visitor:
    """Asks for pages, and sends forms as a browser does that is on a page of the server."""

    def __init__(self, world: World, token: str | None) -> None:
        self.world = world
        self.token = token

    async def get(self, path: str, **headers: str) -> Page:
        return await self.send("GET", path, None, **headers)

    async def post(self, path: str, fields: Fields | None = None, **headers: str) -> Page:
        body = urlencode(fields or {}, doseq=True)
        sent = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self.send(
            "POST", path, body, **{"Sec-Fetch-Site": "same-origin"}, **sent, **headers
        )

    async def upload(
        self,
        path: str,
        file: bytes,
        name: str = "places.csv",
        do: str = "apply",
        fields: Mapping[str, str] | None = None,
        **headers: str,
    ) -> Page:
        """Sends a form with a file, the button that was pressed, and further fields."""
        body = multipart(
            (f'name="file"; filename="{name}"\r\nContent-Type: text/csv', file),
            ('name="do"', do.encode()),
            *((f'name="{field}"', value.encode()) for field, value in (fields or {}).items()),
        )
        sent = {"Sec-Fetch-Site": "same-origin", "Content-Type": MULTIPART, **headers}
        return await self.send("POST", path, body, **sent)

    async def send(self, method: str, path: str, body: str | bytes | None, **headers: str) -> Page:
        named = {"Accept": "text/html", **headers}
        if self.token:
            named["Cookie"] = f"__Host-carnet={self.token}"
        async with self.world.client._session.request(
            method,
            f"{self.world.running.base}{path}",
            data=body,
            headers=named,
            allow_redirects=False,
        ) as response:
            return Page(response.status, response.headers, await response.text())


async def owner(world: World) -> Visitor:
    """The owner, signed in."""
    return Visitor(world, await add_session(world.store, world.owner.user_id))


async def member(world: World, name: str, role: Role | None) -> Visitor:
    """A further person, signed in; outside of the group without a role."""
    person = await world.person(name, role)
    return Visitor(world, await add_session(world.store, person.user_id))
