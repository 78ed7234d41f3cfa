"""Operations with spans: within a trace only, and told to jobs that are asked for in them."""

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from domain.errors import NotFound
from runtime import tracing
from runtime.spans import Spans
from storage import job_claims, jobs
from storage.traced import TracedStore
from tests.support import now


@pytest.fixture
def finished(monkeypatch):
    """The spans that have ended, as they are asked for."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_spans", Spans(provider))
    return exporter.get_finished_spans


@pytest.fixture
def traced(home, finished):
    return TracedStore(home.store)


async def ask(tx, home):
    """A job that is asked for; the operation of a test."""
    await jobs.insert(
        tx,
        job_id="job1",
        user_id=home.user_id,
        trip_id=home.trip_id,
        kind="sync",
        params="{}",
        payload=b"",
        now=now(),
        due_at=1.0,
    )


async def test_an_operation_is_part_of_what_goes_on(home, traced, finished):
    with tracing.request("GET", "http", {}) as tell_status:
        await traced.read(lambda tx: tx.fetchval("SELECT 1"))
        await traced.look_up(lambda tx: tx.fetchval("SELECT 1"), name="one")
        await traced.write(lambda tx: ask(tx, home))
        tell_status(200)
    *operations, request = finished()
    assert [span.name for span in operations] == [
        "storage read",
        "storage look_up",
        "storage write",
    ]
    assert {span.parent.span_id for span in operations} == {request.context.span_id}
    assert operations[2].attributes == {
        "db.system.name": home.store.dialect.name,
        "db.operation.name": "write",
        "code.function.name": "test_an_operation_is_part_of_what_goes_on.<locals>.<lambda>",
    }


async def test_a_job_goes_on_with_the_trace_it_was_asked_for_in(home, traced, finished):
    with tracing.request("POST", "http", {}):
        await traced.write(lambda tx: ask(tx, home))
    written, _ = finished()
    claim = await home.store.write(lambda tx: job_claims.claim_next(tx, "sync", now(), 2.0))
    trace_id, span_id = written.context.trace_id, written.context.span_id
    assert claim.traceparent.startswith(f"00-{trace_id:032x}-{span_id:016x}-")
    with tracing.task("job sync", claim.traceparent, job_id="job1", trip_id=None):
        pass
    job = finished()[-1]
    assert (job.context.trace_id, job.parent.span_id) == (trace_id, span_id)
    assert job.attributes == {"carnet.job_id": "job1"}


async def test_what_looks_for_work_all_the_time_has_no_spans(home, traced, finished):
    await traced.write(lambda tx: ask(tx, home))
    await traced.read(lambda tx: job_claims.next_due(tx, ["sync"]))
    assert finished() == ()
    claim = await traced.write(lambda tx: job_claims.claim_next(tx, "sync", now(), 2.0))
    assert claim.traceparent is None


async def test_of_what_is_raised_the_type_is_told_and_not_the_text(traced, finished):
    async def fail(_tx):
        raise NotFound("hush-hush")

    with pytest.raises(NotFound), tracing.request("POST", "http", {}):
        await traced.write(fail)
    for span in finished():
        assert span.attributes["error.type"] == "NotFound"
        assert span.status.description is None
        assert span.events == ()


@pytest.mark.parametrize("sent", ["", "nonsense", "00-0-0-00", f"00-{'0' * 32}-{'0' * 16}-01"])
async def test_a_trace_that_cannot_be_is_left_alone(finished, sent):
    with tracing.request("GET", "http", {"traceparent": sent, "tracestate": "=" * 600}):
        pass
    (request,) = finished()
    assert request.parent is None
