"""A collector of traces: it takes OTLP over HTTP, as `tracing.endpoint` names it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector:
    """What was sent, in bytes and as spans."""

    def __init__(self) -> None:
        self.endpoint = ""
        self.raw = b""
        self.spans: list[Any] = []

    async def take(self, request: web.Request) -> web.Response:
        """A batch of spans."""
        sent = await request.read()
        self.raw += sent
        for resource in ExportTraceServiceRequest.FromString(sent).resource_spans:
            for scope in resource.scope_spans:
                self.spans += scope.spans
        return web.Response(content_type="application/x-protobuf")

    def named(self, name: str) -> Any:
        """The one span of a name."""
        (found,) = (span for span in self.spans if span.name == name)
        return found


def attributes(span: Any) -> dict[str, Any]:
    """A span's attributes, each a string or a number."""
    return {
        each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes
    }


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """A collector on a free port."""
    collector = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", collector.take)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        collector.endpoint = f"http://{host}:{port}/v1/traces"
        yield collector
    finally:
        await runner.cleanup()
