"""Takes a picture of each page, on a server of its own: `python -m docs.screenshots [NAME...]`.

Each is taken light and dark, on a desk and a phone, in each language, into `docs/images/screens`,
which is not kept; those that documents show go into `docs/images`. It needs Debian's Chromium.
"""

import asyncio
import contextlib
import datetime
import itertools
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from domain.clock import timestamp
from domain.scopes import Role
from examples.client import Client
from examples.local_server import EMAIL, LocalServer
from runtime import clock
from server.passwords import Passwords
from storage import credentials, invites, open_store, sessions, users
from storage.store import Tx

ROOT: Final = Path(__file__).parent.parent
IMAGES: Final = ROOT / "docs" / "images"
SCREENS: Final = IMAGES / "screens"
CHROMIUM: Final = "/usr/bin/chromium"
_ALONE: Final = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars")

THEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
VIEWPORTS: Final[Mapping[str, ViewportSize]] = {
    "desk": {"width": 1440, "height": 900},
    "phone": {"width": 390, "height": 844},
}
LOCALES: Final = {"en": "en-GB", "fr": "fr-FR"}


class Shot(NamedTuple):
    """A page to take pictures of."""

    name: str
    path: str
    """Below the server's address, with the names that `_fill` gives."""
    signed_in: bool = True
    open: str = ""
    """A selector of what is clicked on first."""
    server: str = "url"
    """Which one: that with everything on it, or the `new` one."""
    ready: str = "main"
    """A selector of what must be there."""
    preview: bool = False
    """Whether the sample trip is chosen as a file and tried first."""


SHOTS: Final = (
    Shot("setup", "/setup?code=7K2QF-M0XRC-9TBHD-4WNZE", signed_in=False, server="new"),
    Shot("sign-in", "/sign-in", signed_in=False),
    Shot("reset", "/reset/{reset}", signed_in=False),
    Shot("invite", "/invite/{invite}", signed_in=False),
    Shot("not-found", "/nothing", signed_in=False),
    Shot("menu", "/settings/account", open=".who"),
    Shot("trips", "/trips"),
    Shot("trip-new", "/trips/new"),
    Shot("trips-import", "/trips/import", preview=True),
    Shot("trip", "/trips/{trip}"),
    Shot("trip-edit", "/trips/{trip}/edit"),
    Shot("trip-import", "/trips/{trip}/import"),
    Shot("trip-share", "/trips/{trip}/share"),
    Shot("history", "/trips/{trip}/history"),
    Shot("share", "/t/{share}", signed_in=False),
    Shot("account", "/settings/account"),
    Shot("account-password", "/settings/account/password"),
    Shot("account-delete", "/settings/account/delete"),
    Shot("group", "/settings/group"),
    Shot("group-invite", "/settings/group/{group}/invite"),
    Shot("keys", "/settings/keys"),
    Shot("keys-new", "/settings/keys/new"),
    Shot("sessions", "/settings/sessions"),
    Shot(
        *("docs", "/docs"),
        signed_in=False,
        ready="#operations-me-me",
        open="#operations-me-me .opblock-summary-control",
    ),
    Shot("guide", "/docs/guide", signed_in=False),
)

CHOSEN: Final = {
    "trip-desk-light-en": "trip.png",
    "keys-desk-light-en": "keys.png",
    "share-phone-dark-en": "share.png",
    "docs-desk-light-en": "docs-page.png",
}
"""What documents show, as large as the window is: picture, file in `docs/images`."""

SAMPLE: Final = ROOT / "operations" / "sample" / "japan.json"
JAPAN: Final = json.loads(SAMPLE.read_text(encoding="utf-8"))
WEEKEND: Final = {
    "title": "Lisbon",
    "startDate": "2026-10-02",
    "endDate": "2026-10-05",
    "status": "completed",
}
LISBON: Final = {
    "title": "Lisbon",
    "destination": "Lisbon, Portugal",
    "timezone": "Europe/Lisbon",
    "order": 0,
    "startDate": "2026-10-02",
    "endDate": "2026-10-05",
    "accommodation": {"name": "Casa da Graça", "lat": 38.7169, "lng": -9.1307},
}
MESSAGES: Final = (
    "The passes are booked, I have the confirmation.",
    "Can somebody bring an adapter? I only have one.",
    "I have two. And cards for the trains are in my blue bag.",
)


@contextlib.contextmanager
def _server() -> Iterator[LocalServer]:
    """A server with its first user, who has no password yet."""
    with tempfile.TemporaryDirectory() as folder:
        server = LocalServer(Path(folder))
        server.set_up()
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _fill(server: LocalServer) -> dict[str, str]:
    """A trip with people and messages, keys, links: what the paths of shots name."""
    made = server.carnet("key", "create", "--user", EMAIL, "--name", "Phone importer")
    client = Client(server.url, made["key"])
    group = client.get("/me").json["defaultGroupId"]
    writers = [client]
    for name in ("Sam", "Mika"):
        email = f"{name.lower()}@example.org"
        server.carnet("user", "add", email, "--name", name, "--group", group)
        made = server.carnet("key", "create", "--user", email, "--name", "Home Assistant")
        writers.append(Client(server.url, made["key"]))
    trip = client.post("/trips", {**JAPAN["trip"], "groupId": group}).json["_id"]
    client.post(f"/trips/{trip}/sync", {k: v for k, v in JAPAN.items() if k != "trip"})
    lisbon = client.post("/trips", {**WEEKEND, "groupId": group}).json["_id"]
    client.post(f"/trips/{lisbon}/legs", LISBON)
    channel = client.get(f"/trips/{trip}/channels").json["items"][0]["_id"]
    for writer, text in zip(writers, MESSAGES, strict=True):
        writer.post(f"/trips/{trip}/channels/{channel}/messages", {"content": text})
    share = client.post(f"/trips/{trip}/share-token").json["token"]
    names = {"url": server.url, "group": group, "trip": trip, "share": share}
    return {**names, **asyncio.run(_tokens(server.database, group))}


async def _tokens(database: Path, group: str) -> dict[str, str]:
    """A session of the first user, who has a password then, and links that let others in."""
    now = clock.now()
    later = timestamp(clock.moment() + datetime.timedelta(days=1))
    hashed = await Passwords().hash("a ferry at six in the morning")

    async def make(tx: Tx) -> dict[str, str]:
        user = await users.id_of(tx, EMAIL)
        await credentials.set_password(tx, user, hashed)
        browser = "192.168.1.20, Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Firefox/150.0"
        _, session = await sessions.create(tx, user_id=user, used_from=browser, now=now)
        sam = await users.id_of(tx, "sam@example.org")
        reset = await credentials.create_reset(tx, sam, now=now, expires_at=later)
        _, invite = await invites.create(
            tx, group_id=group, role=Role.EDITOR, user_id=user, expires_at=later, now=now
        )
        return {"session": session, "reset": reset, "invite": invite}

    store = await open_store(f"sqlite:///{database}", create=False)
    try:
        return await store.write(make)
    finally:
        await store.close()


def _windows(browser: Browser, url: str, token: str) -> Iterator[tuple[str, Page, Page]]:
    """A window for whoever is signed in and one for a stranger, of each kind there is."""
    for (view, size), theme, language in itertools.product(VIEWPORTS.items(), THEMES, LOCALES):
        member, stranger = (
            browser.new_context(
                viewport=size,
                color_scheme=theme,
                locale=LOCALES[language],
                reduced_motion="reduce",
            )
            for _ in range(2)
        )
        # By the address with https: DevTools take it for no safe cookie else.
        safe = url.replace("http:", "https:")
        member.add_cookies([{"name": "__Host-carnet", "value": token, "url": safe, "secure": True}])
        yield f"{view}-{theme}-{language}", member.new_page(), stranger.new_page()
        member.close()
        stranger.close()


def _take(shot: Shot, kind: str, page: Page, names: Mapping[str, str]) -> None:
    page.goto(names[shot.server] + shot.path.format_map(names), wait_until="networkidle")
    page.locator(shot.ready).first.wait_for()
    page.evaluate("document.fonts.ready")
    if shot.open:
        page.locator(shot.open).click()
    if shot.preview:
        page.locator("#file").set_input_files(SAMPLE)
        page.locator("[value=preview]").click()
        page.locator("#came-to").wait_for()
    picture = f"{shot.name}-{kind}"
    page.screenshot(path=SCREENS / f"{picture}.png", full_page=True)
    if picture in CHOSEN:
        page.screenshot(path=IMAGES / CHOSEN[picture])


def _take_all(shots: Sequence[Shot], names: Mapping[str, str]) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*_ALONE])
        for kind, member, stranger in _windows(browser, names["url"], names["session"]):
            for shot in shots:
                _take(shot, kind, member if shot.signed_in else stranger, names)
        browser.close()


def main(names: list[str]) -> int:
    """Takes the pictures of the shots that are named, or of all."""
    shots = [shot for shot in SHOTS if shot.name in names or not names]
    if unknown := set(names) - {shot.name for shot in SHOTS}:
        print(f"no such page: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    SCREENS.mkdir(parents=True, exist_ok=True)
    with _server() as server, _server() as new:
        _take_all(shots, {"new": new.url, **_fill(server)})
    print(f"{len(shots) * 8} pictures in {SCREENS.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
