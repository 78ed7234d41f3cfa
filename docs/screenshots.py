"""Takes a picture of each page, on a server of its own: `python -m docs.screenshots [NAME...]`.

Each is taken light and dark, on a desk and a phone, in each language, into `docs/images/screens`,
which is not kept; those that documents show go into `docs/images`. It needs Debian's Chromium.
"""

import asyncio
import itertools
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from examples.client import Client
from examples.local_server import EMAIL, LocalServer
from runtime import clock
from storage import open_store, sessions, users

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
    ready: str = "main"
    """A selector of what must be there."""


SHOTS: Final = (
    Shot("sign-in", "/sign-in", signed_in=False),
    Shot("not-found", "/nothing", signed_in=False),
    Shot("menu", "/nothing", open=".menu > summary"),
    Shot("trips", "/trips"),
    Shot("trip", "/trips/{trip}"),
    Shot("history", "/trips/{trip}/history"),
    Shot("share", "/t/{share}", signed_in=False),
    Shot("account", "/settings/account"),
    Shot("group", "/settings/group"),
    Shot("keys", "/settings/keys"),
    Shot("sessions", "/settings/sessions"),
    Shot("docs", "/docs", signed_in=False, ready=".opblock"),
    Shot("guide", "/docs/guide", signed_in=False),
)

CHOSEN: Final = {"share-desk-light-en": "share.png", "docs-desk-light-en": "docs-page.png"}
"""What documents show, as large as the window is: picture, file in `docs/images`."""

MESSAGES: Final = (
    "The passes are booked, I have the confirmation.",
    "Can somebody bring an adapter? I only have one.",
    "I have two. And cards for the trains are in my blue bag.",
)


def _fill(server: LocalServer) -> dict[str, str]:
    """A trip with people and messages, keys, a link: what the paths of shots name."""
    key = server.create_key(requests_per_minute=10_000)
    client = Client(server.url, key)
    group = client.get("/me").json["defaultGroupId"]
    for name in ("Sam", "Mika", "Tom"):
        server.carnet(
            *("user", "add", f"{name.lower()}@example.org", "--name", name),
            *("--group", group, "--role", "editor"),
        )
    japan = json.loads((ROOT / "examples" / "japan.json").read_text(encoding="utf-8"))
    trip = client.post("/trips", {**japan.pop("trip"), "groupId": group}).json["_id"]
    client.post(f"/trips/{trip}/sync", japan)
    weekend = {"title": "Lisbon", "startDate": "2026-10-02", "endDate": "2026-10-05"}
    client.post("/trips", {**weekend, "groupId": group})
    channel = client.get(f"/trips/{trip}/channels").json["items"][0]["_id"]
    for text in MESSAGES:
        client.post(f"/trips/{trip}/channels/{channel}/messages", {"content": text})
    server.carnet("key", "create", "--user", EMAIL, "--name", "Home Assistant")
    share = client.post(f"/trips/{trip}/share-token").json["token"]
    return {"trip": trip, "share": share, "session": asyncio.run(_session(server.database))}


async def _session(database: Path) -> str:
    """The token of a session of the first user."""
    store = await open_store(f"sqlite:///{database}", create=False)
    try:
        user = await store.read(lambda tx: users.find(tx, EMAIL))
        assert user is not None
        agent = "192.168.1.20, Firefox"
        _, token = await store.write(
            lambda tx: sessions.create(tx, user_id=user, used_from=agent, now=clock.now())
        )
        return token
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


def _take(shot: Shot, kind: str, page: Page, url: str, names: Mapping[str, str]) -> None:
    page.goto(url + shot.path.format_map(names), wait_until="networkidle")
    page.locator(shot.ready).first.wait_for()
    page.evaluate("document.fonts.ready")
    if shot.open:
        page.locator(shot.open).click()
    picture = f"{shot.name}-{kind}"
    page.screenshot(path=SCREENS / f"{picture}.png", full_page=True)
    if picture in CHOSEN:
        page.screenshot(path=IMAGES / CHOSEN[picture])


def _take_all(shots: Sequence[Shot], url: str, names: Mapping[str, str]) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*_ALONE])
        for kind, member, stranger in _windows(browser, url, names["session"]):
            for shot in shots:
                _take(shot, kind, member if shot.signed_in else stranger, url, names)
        browser.close()


def main(names: list[str]) -> int:
    """Takes the pictures of the shots that are named, or of all."""
    shots = [shot for shot in SHOTS if shot.name in names or not names]
    if unknown := set(names) - {shot.name for shot in SHOTS}:
        print(f"no such page: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    SCREENS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        server = LocalServer(Path(folder))
        server.set_up()
        server.start()
        try:
            _take_all(shots, server.url, _fill(server))
        finally:
            server.stop()
    print(f"{len(shots) * 8} pictures in {SCREENS.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
