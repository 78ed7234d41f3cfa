"""A real browser for tests of pages: the machine's Chromium, and what it had to complain of."""

import contextlib
import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from playwright.async_api import ConsoleMessage, Page, Request, async_playwright

from tests.waiting import PATIENCE

CHROMIUM = "/usr/bin/chromium"
ALONE = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP lan.test 127.0.0.1",
)
"""As root, without a screen, and without requests of the browser's own; `lan.test` is this machine
by a name that the browser takes for another one's."""

AXE = Path(__file__).parent.parent / "clients" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

_TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""


@dataclasses.dataclass
class Browsing:
    """A page, and what it has asked for and complained of."""

    page: Page
    errors: list[str] = dataclasses.field(default_factory=list)
    """Of the console, of scripts, and violations of the Content-Security-Policy."""
    requested: list[str] = dataclasses.field(default_factory=list)

    def outside(self, base: str) -> list[str]:
        """The requests to any other origin."""
        return [u for u in self.requested if not u.startswith((f"{base}/", "data:", "blob:"))]

    async def axe(self) -> list[dict[str, Any]]:
        """What axe-core finds wrong for those who cannot see the page, or not well."""
        # Not by a script element, which the policy of the page refuses.
        await self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = await self.page.evaluate(
            "options => axe.run(options)",
            {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]},
        )
        violations: list[dict[str, Any]] = found["violations"]
        return violations


@contextlib.asynccontextmanager
async def browsing(**context: Any) -> AsyncIterator[Browsing]:
    """A page in a browser of its own; `context` is what Playwright takes for one."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*ALONE])
        opened = await browser.new_context(**context)
        opened.set_default_timeout(PATIENCE * 1000)
        page = await opened.new_page()
        watched = Browsing(page)

        def tell(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                watched.errors.append(message.text)

        def ask(request: Request) -> None:
            watched.requested.append(request.url)

        page.on("console", tell)
        page.on("pageerror", lambda error: watched.errors.append(str(error)))
        page.on("request", ask)
        await page.add_init_script(_TELL_VIOLATIONS)
        try:
            yield watched
        finally:
            await browser.close()
