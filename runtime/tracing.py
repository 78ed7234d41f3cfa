"""Traces of requests, storage operations and jobs, where `tracing.endpoint` is set.

Where it is not, nothing of OpenTelemetry is loaded, and a request pays for one look at a variable.
Spans have templates, ids and counts, and never a raw path, a query, a header or a body, since those
have tokens and keys in them.
"""

import contextlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from runtime.settings import Tracing

if TYPE_CHECKING:
    from runtime.spans import Spans

Part = contextlib.AbstractContextManager[None]
"""Something that goes on inside the block."""

_spans: "Spans | None" = None


def configure(settings: Tracing) -> None:
    """Has this process traced from now on, if that is wanted."""
    global _spans
    if settings.endpoint:
        # Imported where it is used: it takes memory (8.5 MB), and is an extra.
        from runtime.spans import Spans, exporting

        _spans = Spans(exporting(settings))


def is_on() -> bool:
    """Whether there is anything to trace for."""
    return _spans is not None


def request(
    method: str, scheme: str, headers: Mapping[str, str]
) -> contextlib.AbstractContextManager[Callable[[int], None]]:
    """A request that is answered, in the trace of who sent it; it is told the status at the end."""
    assert _spans is not None
    return _spans.request(method, scheme, headers)


def tell_request(method: str, route: str | None, **ids: str | None) -> None:
    """Says of the request at hand by which route it goes, and which ids it is about."""
    assert _spans is not None
    _spans.tell_request(method, route, ids)


def operation(verb: str, database: str, function: str) -> Part:
    """An operation on the storage, as part of a request or a task."""
    assert _spans is not None
    return _spans.operation(verb, database, function)


def task(name: str, traceparent: str | None, **ids: str | int | None) -> Part:
    """What a worker does, in the trace of the request that asked for it."""
    return contextlib.nullcontext() if _spans is None else _spans.task(name, traceparent, ids)


def this_part() -> Callable[[], Part]:
    """What is going on here, to be entered again where else some of it is done."""
    return contextlib.nullcontext if _spans is None else _spans.this_part()


def traceparent() -> str | None:
    """Where in which trace this is (W3C Trace Context), for who goes on with it elsewhere."""
    return None if _spans is None else _spans.traceparent()
