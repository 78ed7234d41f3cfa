"""What to tell a request that has no route: the paths and methods that come near."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import unquote

from domain.errors import MethodNotAllowed, NotFound
from domain.near import Names
from domain.resources import RESOURCES
from server.route import API, Route

_BATCH: Final = ":batch"
_LONGEST: Final = 8
"""Segments of a path that are looked at, from its end: it may have thousands."""
_FEW: Final = 3
"""So many paths are told whole."""

_ALSO: Final[Mapping[str, Iterable[str]]] = {
    "calendar.ics": ("calendar", "calendars", "ical", "ics", "webcal"),
    "export": ("itinerary", "download", "dump", "full"),
    "me": ("user", "users", "whoami", "account", "profile", "groups"),
    "members": ("users", "people", "participants", "travellers"),
    "messages": ("chat", "comments"),
    "openapi.json": ("openapi", "schema", "swagger", "docs"),
    "share-token": ("share", "sharing", "link", "shareLink"),
    "sync": ("import", "bulk", "batch", "upload"),
} | {each.collection: (each.kind, each.snapshot, *each.also) for each in RESOURCES}
"""What callers call the parts of paths."""


class RouteHints:
    """The paths and methods of a table, found by what callers ask for in their place."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = {(route.method, route.path): route for route in routes}
        self._paths = sorted({route.path for route in routes})
        self._literals = {path: _literals(path) for path in self._paths}
        every = {literal for literals in self._literals.values() for literal in literals}
        self._names = Names({literal: _also(literal) for literal in every})

    def not_found(self, path: str, known: str) -> NotFound:
        """The answer to a raw path below the API's base path.

        `known` is the template of as much of it as there is.
        """
        near = self._nearest(path)
        below = [each for each in self._paths if f"{each}/".startswith(f"{known}/")]
        if not near and len(below) <= _FEW:
            near = below
        if near:
            hint = f"did you mean {' or '.join(API + each for each in near)}?"
        else:
            parts = {each[len(known) + 1 :].partition("/")[0] for each in below}
            names = sorted(each for each in parts if each and not each.endswith((_BATCH, "}")))
            hint = f"below {API}{known} there are {', '.join(names)}"
        return NotFound(f"There is no such route; {hint}")

    def _nearest(self, path: str) -> list[str]:
        """The templates whose last name is that of the path, and which else are most like it."""
        segments = path.strip("/").split("/")[-_LONGEST:]
        words = [self._names.find(unquote(segment)) for segment in segments]
        # After its name may come an id; what comes after a name that is unknown names nothing.
        last = next(filter(None, words[-1:-3:-1]), [])
        ends_in_id = not words[-1]
        at_end = [each for each in self._paths if self._literals[each][-1] in last]
        within = [each for each in self._paths if {*last} & {*self._literals[each]}]
        given = {name for names in words for name in names}

        def likeness(template: str) -> tuple[int, bool, int]:
            shared = len(given.intersection(self._literals[template]))
            length = abs(template.count("/") - len(segments))
            return shared, template.endswith("}") == ends_in_id, -length

        candidates = at_end or within
        best = max(map(likeness, candidates), default=None)
        return [each for each in candidates if likeness(each) == best]

    def not_allowed(self, method: str, path: str) -> MethodNotAllowed:
        """The answer to a method that a path of this template does not take."""
        here = {name: route for (name, at), route in self._routes.items() if at == path}
        methods = sorted({*here, *(["HEAD"] if "GET" in here else [])})
        takes = ", ".join(f"{name} ({here[name].summary})" for name in sorted(here))
        elsewhere = "".join(
            f"; there is {route.method} {API}{route.path} ({route.summary})"
            for route in self._beside(method, path)
        )
        return MethodNotAllowed(
            f"{method} is not for {API}{path}: it takes {takes}{elsewhere}",
            headers={"Allow": ", ".join(methods)},
        )

    def _beside(self, method: str, path: str) -> list[Route]:
        """The routes next to a path that take the method, or PATCH in place of PUT."""
        wanted = "PATCH" if method == "PUT" else method
        above = path.rpartition("/")[0]
        row = next((each for each in self._paths if each.startswith(f"{path}/{{")), "")
        paths = (above, f"{above}{_BATCH}", f"{path}{_BATCH}", row if row.endswith("}") else "")
        return [self._routes[wanted, each] for each in paths if (wanted, each) in self._routes]


def _literals(path: str) -> list[str]:
    return [segment for segment in path[1:].split("/") if not segment.startswith("{")]


def _also(literal: str) -> Iterable[str]:
    collection = literal.removesuffix(_BATCH)
    if collection == literal:
        return _ALSO.get(literal, ())
    words = (collection, *_ALSO.get(collection, ()))
    return [f"{word}:{many}" for word in words for many in ("batch", "bulk")]
