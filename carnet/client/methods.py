"""How the methods of clients make their calls."""

from collections.abc import AsyncGenerator, Iterable, Mapping
from typing import Any

from carnet.client.calls import Call, Document
from carnet.client.pages import rows
from carnet.client.request import prepare
from carnet.client.transport import Transport


class Methods:
    """Of a transport, and of an id that each path begins with, where there is one."""

    def __init__(self, transport: Transport, *first: str) -> None:
        self._transport = transport
        self._first = first

    def _call(
        self,
        method: str,
        path: str,
        ids: Iterable[str | int],
        body: Any,
        query: Mapping[str, Any],
        options: Mapping[str, Any],
    ) -> Call[Any]:
        request = prepare(method, path, (*self._first, *ids), body, query, options)
        return self._transport.call(request, options)

    def _rows(
        self,
        path: str,
        ids: Iterable[str | int],
        query: Mapping[str, Any],
        options: Mapping[str, Any],
    ) -> AsyncGenerator[Document]:
        """The rows of all pages from the query's cursor on."""
        return rows(
            lambda cursor: self._call("GET", path, ids, None, {**query, "cursor": cursor}, options),
            query.get("cursor"),
        )
