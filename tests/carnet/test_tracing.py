"""Traces of the program, as a collector gets them: from a request into its job."""

import re
import subprocess
import sys
from typing import Any

import pytest

from tests import servers
from tests.carnet.collector import Collector, attributes, collecting
from tests.carnet.program import serving
from tests.faults.production import production
from tests.support import SAMPLES, TRIP, Response
from tests.waiting import until

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"
SENT = {"traceparent": f"00-{TRACE}-{CALLER}-01"}
"""The example of W3C Trace Context."""
SECRET = "hush-hush"


@pytest.fixture
async def collector():
    async with collecting() as collector:
        yield collector


async def test_a_trace_goes_from_the_request_into_its_job(tmp_path, collector):
    async with serving(tmp_path, CARNET_TRACING__ENDPOINT=collector.endpoint) as server:
        client = server.client
        group_id = (await client.get("/me")).json["defaultGroupId"]
        trip = (await client.post("/trips", {"groupId": group_id, **TRIP})).json["_id"]
        headers = SENT | {"X-Hidden": SECRET}
        body = {"legs": [{**SAMPLES["leg"], "title": SECRET}]}
        later = {**headers, "Prefer": "respond-async"}
        asked = await client.post(f"/trips/{trip}/sync", body, headers=later)
        again = {**headers, "Idempotency-Key": "k"}
        assert (await client.post(f"/trips/{trip}/sync", body, headers=again)).status == 200
        await server.err.first('"event":"job_succeeded"')
        token = (await client.post(f"/trips/{trip}/share-token")).json["token"]
        await client.get(f"/shared/trips/{token}?{SECRET}")
        await client.get(f"/{SECRET}")
        await client.get("/healthz", headers={"traceparent": f"00-{'1' * 32}-{'1' * 16}-01"})
        await client.send("PROPFIND", f"/trips/{trip}")
        assert await server.stop() == 0
    requests = [each for each in collector.spans if each.name.endswith("/trips/{tripId}/sync")]
    assert [each.trace_id.hex() for each in requests] == [TRACE] * 2
    assert [each.parent_span_id.hex() for each in requests] == [CALLER] * 2
    request = next(each for each in requests if attributes(each).get("carnet.job_id"))
    assert request.name == "POST /api/v1/trips/{tripId}/sync"
    assert attributes(request) == {
        "http.request.method": "POST",
        "http.route": "/api/v1/trips/{tripId}/sync",
        "http.response.status_code": 202,
        "url.scheme": "http",
        "carnet.request_id": asked.headers["X-Request-Id"],
        "carnet.trip_id": trip,
        "carnet.job_id": asked.json["_id"],
    }
    check_job(collector, request, asked)
    names = {each.name for each in collector.spans}
    assert {"GET /api/v1/shared/trips/{token}", "GET", "HTTP", "storage look_up"} <= names
    assert bytes.fromhex("11" * 16) not in {each.trace_id for each in collector.spans}
    for secret in (token, SECRET, server.key, TRIP["title"]):
        assert secret.encode() not in collector.raw
    assert not re.search(rb"osk_", collector.raw)


def check_job(collector: Collector, request: Any, asked: Response) -> None:
    """The one job is part of the request that asked for it, and is told with its own parts."""
    job = collector.named("job sync")
    written = next(each for each in collector.spans if each.span_id == job.parent_span_id)
    assert written.name == "storage write"
    assert written.parent_span_id == request.span_id
    assert job.trace_id == request.trace_id
    assert attributes(job)["carnet.job_id"] == asked.json["_id"]
    assert attributes(job)["carnet.request_id"] == asked.headers["X-Request-Id"]
    assert any(each.parent_span_id == job.span_id for each in collector.spans)


@pytest.fixture
def services(postgres_url):
    """A database on Postgres, and a queue."""
    with servers.new_database(postgres_url) as database, servers.redis() as queue:
        yield database, queue


async def test_a_trace_goes_on_in_a_worker_of_its_own(tmp_path, collector, services):
    endpoint = {"CARNET_TRACING__ENDPOINT": collector.endpoint}
    async with production(tmp_path, *services, **endpoint) as carnet:
        await carnet.start_server()
        worker = carnet.add_worker()
        async with carnet.client() as client:
            trip = await carnet.new_trip(client)
            later = {**SENT, "Prefer": "respond-async"}
            asked = await client.post(f"{trip}/sync", {"legs": [SAMPLES["leg"]]}, headers=later)
        await until(lambda: worker.events("job_succeeded"))
        assert (await worker.stop(), await carnet.server.stop()) == (0, 0)
    request = collector.named("POST /api/v1/trips/{tripId}/sync")
    assert (request.trace_id.hex(), request.parent_span_id.hex()) == (TRACE, CALLER)
    check_job(collector, request, asked)


async def test_a_collector_that_is_away_holds_up_nothing(tmp_path):
    nowhere = "http://127.0.0.1:9/v1/traces"
    async with serving(tmp_path, CARNET_TRACING__ENDPOINT=nowhere) as server:
        assert (await server.client.get("/me")).status == 200
        assert await server.stop() == 0


async def test_of_a_ratio_of_0_only_what_comes_with_a_trace_is_traced(tmp_path, collector):
    variables = {"CARNET_TRACING__ENDPOINT": collector.endpoint, "CARNET_TRACING__RATIO": "0"}
    async with serving(tmp_path, **variables) as server:
        await server.client.get("/me")
        await server.client.get("/me", headers=SENT)
        assert await server.stop() == 0
    assert {each.trace_id.hex() for each in collector.spans} == {TRACE}


def test_what_is_not_traced_loads_nothing_of_it():
    modules = "carnet.cli, carnet.serve, carnet.server_process, workers.loops, storage.sqlite"
    code = f"import sys, {modules}; print(*(n for n in sys.modules if 'opentelemetry' in n))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []
