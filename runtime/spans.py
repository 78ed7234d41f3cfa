"""Spans by OpenTelemetry; only `runtime.tracing` imports this, since it is an extra."""

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from runtime.release import release
from runtime.settings import Tracing

_METHODS: Final = frozenset(
    ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE")
)
_PATIENCE_SECONDS: Final = 2.0
"""How long a batch is tried to be sent, and a process that ends waits for that."""
_OTHER: Final = "_OTHER"
"""Of a method that HTTP does not know, as the conventions have it."""
_TRACE_CONTEXT: Final = TraceContextTextMapPropagator()
_HEADERS: Final = ("traceparent", "tracestate")


def exporting(settings: Tracing) -> TracerProvider:
    """A provider whose spans are sent by OTLP over HTTP, in the background and at the end."""
    resource = Resource.create({"service.name": "carnet", "service.version": release()})
    sampler = ParentBased(TraceIdRatioBased(settings.ratio))
    provider = TracerProvider(sampler=sampler, resource=resource)
    exporter = OTLPSpanExporter(endpoint=settings.endpoint, timeout=_PATIENCE_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


class Spans:
    """Makes the spans of this process, by the semantic conventions for HTTP and databases."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("carnet")

    @contextlib.contextmanager
    def request(
        self, method: str, scheme: str, headers: Mapping[str, str]
    ) -> Iterator[Callable[[int], None]]:
        """See `tracing.request`."""
        known = method in _METHODS
        attributes = {"http.request.method": method if known else _OTHER, "url.scheme": scheme}
        sent = {name: headers[name] for name in _HEADERS if name in headers}
        parent = _TRACE_CONTEXT.extract(sent, Context())
        with self._span(method if known else "HTTP", SpanKind.SERVER, attributes, parent) as span:

            def tell_status(status: int) -> None:
                span.set_attribute("http.response.status_code", status)
                if status >= 500:
                    span.set_status(StatusCode.ERROR)

            yield tell_status

    def tell_request(self, method: str, route: str | None, ids: Mapping[str, str | None]) -> None:
        """See `tracing.tell_request`."""
        span = trace.get_current_span()
        if route is not None and method in _METHODS:
            span.update_name(f"{method} {route}")
            span.set_attribute("http.route", route)
        span.set_attributes(_ours(ids))

    @contextlib.contextmanager
    def operation(self, verb: str, database: str, function: str) -> Iterator[None]:
        """See `tracing.operation`. What looks for work all the time is no trace of its own."""
        if not trace.get_current_span().get_span_context().is_valid:
            yield
            return
        attributes = {
            "db.system.name": database,
            "db.operation.name": verb,
            "code.function.name": function,
        }
        with self._span(f"storage {verb}", SpanKind.CLIENT, attributes):
            yield

    @contextlib.contextmanager
    def task(
        self, name: str, traceparent: str | None, ids: Mapping[str, str | int | None]
    ) -> Iterator[None]:
        """See `tracing.task`."""
        sent = {"traceparent": traceparent} if traceparent else {}
        parent = _TRACE_CONTEXT.extract(sent, Context())
        with self._span(name, SpanKind.CONSUMER, _ours(ids), parent):
            yield

    def this_part(self) -> Callable[[], contextlib.AbstractContextManager[None]]:
        """See `tracing.this_part`."""
        return functools.partial(_entered, trace.get_current_span())

    def traceparent(self) -> str | None:
        """See `tracing.traceparent`."""
        carrier: dict[str, str] = {}
        _TRACE_CONTEXT.inject(carrier)
        return carrier.get("traceparent")

    @contextlib.contextmanager
    def _span(
        self,
        name: str,
        kind: SpanKind,
        attributes: Mapping[str, str | int],
        parent: Context | None = None,
    ) -> Iterator[Span]:
        """A span; of what is raised in it the type is told, since the text may hold anything."""
        with self._tracer.start_as_current_span(
            name,
            parent,
            kind,
            attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except Exception as error:
                span.set_status(StatusCode.ERROR)
                span.set_attribute("error.type", type(error).__qualname__)
                raise


@contextlib.contextmanager
def _entered(span: Span) -> Iterator[None]:
    with trace.use_span(span, record_exception=False, set_status_on_exception=False):
        yield


def _ours(ids: Mapping[str, str | int | None]) -> dict[str, str | int]:
    """Ids as attributes of our own, without those that there are not."""
    return {f"carnet.{name}": value for name, value in ids.items() if value is not None}
