"""The reader's language and theme, kept in cookies of their browser."""

from typing import Final

from server.pages.locations import local
from server.pages.visit import Redirect, Visit
from server.pages.words import LANGUAGES

LANGUAGE_COOKIE: Final = "carnet-language"
THEME_COOKIE: Final = "carnet-theme"
THEMES: Final = ("", "light", "dark")
_YEAR_SECONDS: Final = 365 * 24 * 60 * 60


async def change(visit: Visit) -> Redirect:
    """Keeps one of the two, and leads back to the page where it was chosen."""
    back = local(visit.form.get("next", "")) or "/"
    for field, cookie, known in (
        ("language", LANGUAGE_COOKIE, LANGUAGES),
        ("theme", THEME_COOKIE, THEMES),
    ):
        value = visit.form.get(field)
        if value is not None and value in known:
            age = _YEAR_SECONDS if value else 0
            kept = f"{cookie}={value}; Path=/; Max-Age={age}; SameSite=Lax; HttpOnly"
            return Redirect(back, {"Set-Cookie": kept})
    return Redirect(back)
