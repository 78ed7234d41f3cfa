"""Finds the route of a request: a tree of path segments made from the table."""

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote

import msgspec

from domain.errors import CarnetError
from server.route import OPEN, Access, Route
from server.route_hints import RouteHints

_PARAMETER: Final = re.compile(r"\{(\w+)\}((?:\.\w+)?)")
"""A segment that is a parameter, and what it ends in."""


class Found(msgspec.Struct):
    """What a method and a path lead to: a route, or why there is none."""

    access: Access
    """What the request is counted by, whether there is a route or not."""
    route: Route | None = None
    params: Mapping[str, str] = MappingProxyType({})
    """Of the path."""
    explain: Callable[[], CarnetError] | None = None

    @property
    def error(self) -> CarnetError:
        """Why there is no route."""
        assert self.explain is not None
        return self.explain()


class _Node:
    __slots__ = ("accesses", "literals", "parameter", "parts", "routes", "template")

    def __init__(self, template: str = "") -> None:
        self.template = template
        """Of the paths that lead here, base and all."""
        self.literals: dict[str, _Node] = {}
        self.parameter: _Node | None = None
        self.parts = ("", "")
        """The parameter's name, and what its segment ends in."""
        self.routes: dict[str, Route] = {}
        self.accesses: set[Access] = set()
        """Of all routes from here on."""

    def child(self, segment: str) -> "_Node":
        match = _PARAMETER.fullmatch(segment)
        if match is None:
            return self.literals.setdefault(segment, _Node(f"{self.template}/{segment}"))
        if self.parameter is None:
            self.parameter = _Node(f"{self.template}/{segment}")
            self.parts = match[1], match[2]
        if self.parts != (match[1], match[2]):
            raise TypeError(f"{segment} stands where {{{self.parts[0]}}}{self.parts[1]} does")
        return self.parameter


class RouteTree:
    """All routes below a base path."""

    def __init__(self, base: str, routes: Sequence[Route]) -> None:
        """`base` is what stands before all their paths."""
        self._base = base
        self._root = _Node()
        self._hints = RouteHints(routes)
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
        node = self._root
        params: dict[str, str] = {}
        for segment in path[1:].split("/"):
            if "%" in segment:
                segment = unquote(segment)
            following = node.literals.get(segment)
            if following is None and node.parameter is not None:
                name, end = node.parts
                if len(segment) > len(end) and segment.endswith(end):
                    following = node.parameter
                    params[name] = segment[: len(segment) - len(end)]
            if following is None:
                return self._nothing(node, path)
            node = following
        route = node.routes.get("GET" if method == "HEAD" else method)
        if route is not None:
            return Found(route.access, route, params)
        if node.routes:
            at = self._below_base(node.template)
            return Found(_access(node), explain=lambda: self._hints.not_allowed(method, at))
        return self._nothing(node, path)

    def _nothing(self, node: _Node, path: str) -> Found:
        given, known = self._below_base(path), self._below_base(node.template)
        return Found(_access(node), explain=lambda: self._hints.not_found(given, known))

    def _below_base(self, path: str) -> str:
        return path.removeprefix(self._base) if path.startswith(f"{self._base}/") else ""


def _access(node: _Node) -> Access:
    """What an unknown path is counted by: an address where no route from there on needs a key."""
    return "address" if node.accesses <= OPEN else "key"
