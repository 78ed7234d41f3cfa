"""Templates, and what all of them are given."""

import functools
import hashlib
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from runtime.release import release
from server import cookies
from server.pages import assets, dates
from server.pages.visit import Document, Visit
from server.pages.ways_in import ways_in
from server.pages.words import LANGUAGES

_ICON: Final = Markup('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>')


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("server.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals |= {"languages": LANGUAGES, "dates": dates}
    return environment


@functools.cache
def edition() -> str:
    """Names all that pages are made with: another one, where an upgrade has changed any of it."""
    parts = [release(), *(assets.address(name) for name in ("app.css", "icons.svg"))]
    for folder in ("messages", "templates"):
        found = (files("server.pages") / folder).iterdir()
        parts += (file.read_text("utf-8") for file in sorted(found, key=lambda each: each.name))
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()


def render(visit: Visit, document: Document) -> bytes:
    """A page, as it is sent."""
    template = _environment().get_template(document.template)
    return template.render({**_given(visit), **document.context}).encode()


def _notice(visit: Visit) -> str | None:
    """What a form that led here has done, by `?done=`, a name in the catalogue."""
    return visit.words.get(f"notices.{visit.query.get('done', '')}")


def _given(visit: Visit) -> dict[str, Any]:
    services = visit.call.services
    prefix = services.prefix

    def asset(name: str) -> str:
        return prefix + assets.address(name)

    def icon(name: str) -> Markup:
        return _ICON.format(asset("icons.svg"), name)

    return {
        "t": visit.words,
        "prefix": prefix,
        "asset": asset,
        "icon": icon,
        "theme": visit.theme,
        "notice": _notice(visit),
        "here": visit.here,
        "actor": visit.call.caller.actor if visit.call.caller else None,
        # The policy of pages for whoever has the link lets no form be sent.
        "may_send": visit.route.access != "link",
        "ways_in": ways_in(visit),
        "is_private": cookies.is_private(visit.call.request, services),
    }
