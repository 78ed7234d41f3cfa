"""Finds the route of a request: a tree of path segments made from the table."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote

from domain.errors import CarnetError, MethodNotAllowed, NotFound
from server.route import API, Access, Route

_PARAMETER: Final = re.compile(r"\{(\w+)\}")


class Found:
    """What a method and a path lead to: a route, or why there is none."""

    __slots__ = ("_error", "access", "params", "route")

    def __init__(
        self,
        access: Access,
        route: Route | None = None,
        params: Mapping[str, str] = MappingProxyType({}),
        error: CarnetError | None = None,
    ) -> None:
        self.access = access
        """What the request is counted by, whether there is a route or not."""
        self.route = route
        self.params = params
        """Of the path."""
        self._error = error

    @property
    def error(self) -> CarnetError:
        """Why there is no route."""
        assert self._error is not None
        return self._error


class _Node:
    __slots__ = ("accesses", "literals", "parameter", "parameter_name", "routes")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.parameter: _Node | None = None
        self.parameter_name = ""
        self.routes: dict[str, Route] = {}
        self.accesses: set[Access] = set()
        """Of all routes from here on."""

    def child(self, segment: str) -> "_Node":
        name = _PARAMETER.fullmatch(segment)
        if name is None:
            return self.literals.setdefault(segment, _Node())
        if self.parameter is None:
            self.parameter, self.parameter_name = _Node(), name[1]
        if self.parameter_name != name[1]:
            raise TypeError(f"{{{name[1]}}} stands where {{{self.parameter_name}}} does")
        return self.parameter


class RouteTree:
    """All routes below a base path."""

    def __init__(self, base: str, routes: Sequence[Route]) -> None:
        """`base` is what stands before all their paths."""
        self._base = base
        self._root = _Node()
        self._paths = sorted({route.path for route in routes})
        for route in routes:
            node = self._root
            for segment in f"{base}{route.path}"[1:].split("/"):
                node.accesses.add(route.access)
                node = node.child(segment)
            node.accesses.add(route.access)
            if route.method in node.routes:
                raise TypeError(f"{route.method} {route.path} stands twice in the table")
            node.routes[route.method] = route

    def find(self, method: str, path: str) -> Found:
        """The route of a method and a raw path, base and all; HEAD is answered by GET's."""
        node, params = self._root, dict[str, str]()
        for segment in path[1:].split("/"):
            if "%" in segment:
                segment = unquote(segment)
            following = node.literals.get(segment)
            if following is None and node.parameter is not None and segment:
                following = node.parameter
                params[node.parameter_name] = segment
            if following is None:
                return Found(_access(node), error=self._not_found(path))
            node = following
        route = node.routes.get("GET" if method == "HEAD" else method)
        if route is not None:
            return Found(route.access, route, params)
        if node.routes:
            return Found(_access(node), error=_not_allowed(method, node.routes))
        return Found(_access(node), error=self._not_found(path))

    def _not_found(self, path: str) -> NotFound:
        near = _nearest(path.removeprefix(self._base), self._paths)
        return NotFound(f"There is no such route; {near}")


def _access(node: _Node) -> Access:
    """What an unknown path is counted by: an address where no route from there on needs a key."""
    return "address" if node.accesses == {"address"} else "key"


def _not_allowed(method: str, routes: Mapping[str, Route]) -> CarnetError:
    methods = sorted({*routes, *(["HEAD"] if "GET" in routes else [])})
    allowed = ", ".join(methods)
    path = next(iter(routes.values())).path
    collection = f"{API}{path.rpartition('/')[0]}"
    hint = ""
    if method == "PUT" and "PATCH" in routes:
        hint = "; PATCH changes the fields that are sent"
    elif method == "POST" and "PATCH" in routes and "/{tripId}/" in path:
        hint = f"; PATCH changes it, POST {collection} creates one, {collection}:batch many"
    elif method == "GET" and path.endswith("}"):
        hint = f"; GET {collection} lists all of them"
    elif method == "GET" and path.endswith("/sync"):
        hint = f"; GET {collection}/export reads the trip"
    return MethodNotAllowed(
        f"{method} is not for {API}{path}: it takes {allowed}{hint}", headers={"Allow": allowed}
    )


def _nearest(path: str, templates: Iterable[str]) -> str:
    """What to say of a path that no template fits."""
    wanted = [_plain(segment) for segment in path.strip("/").split("/")]
    scored = sorted(
        ((_likeness(wanted, template), template) for template in templates), reverse=True
    )
    best, _ = scored[0]
    if best < _ALIKE:
        names = ", ".join(sorted({f"/{template.split('/')[1]}" for _, template in scored}))
        return f"below {API} there are {names}; {API}/openapi.json describes them"
    near = [template for score, template in scored if score >= best - 0.05][:3]
    return f"did you mean {' or '.join(API + each for each in near)}?"


_ALIKE: Final = 0.6


def _likeness(wanted: list[str], template: str) -> float:
    segments = template.strip("/").split("/")
    length = max(len(wanted), len(segments))
    alike = sum(
        1.0 if _PARAMETER.fullmatch(segment) else _ratio(given, _plain(segment))
        for given, segment in zip(wanted, segments, strict=False)
    )
    return alike / length


def _ratio(a: str, b: str) -> float:
    if a == b or _SYNONYMS.get(a) == b:
        return 1.0
    return difflib.SequenceMatcher(None, a, b).ratio()


def _plain(segment: str) -> str:
    """A segment without what spellings differ in: `map_pins` and `mapPins` are `mappins`."""
    return re.sub(r"[^a-z:]", "", segment.lower()).removesuffix(":")


_SYNONYMS: Final = {
    "pins": "mappins", "places": "mappins", "tasks": "actionitems", "todos": "actionitems",
    "items": "actionitems", "checklist": "actionitems", "events": "commitments",
    "activities": "commitments", "accommodations": "stays", "hotels": "stays", "import": "sync",
    "bulk": "sync", "share": "sharetoken", "users": "members", "schema": "openapijson",
}  # fmt: skip
"""What people call the resources, spelled plainly."""
