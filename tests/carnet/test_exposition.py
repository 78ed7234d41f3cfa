"""Metrics as text, read by Prometheus' own tools."""

import math
import subprocess
import threading

import pytest
from aiohttp.test_utils import make_mocked_request
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text

from carnet import metrics_port
from carnet.exposition import OPENMETRICS, TEXT, media_type_for, rendered
from carnet.metrics_port import Scrapes
from runtime.measured import FAMILIES
from runtime.metrics import Counter, Family, Gauge, Histogram, Snapshot, every, snapshot

PARSERS = {TEXT: text, OPENMETRICS: openmetrics}

both = pytest.mark.parametrize("media_type", [TEXT, OPENMETRICS])


def samples(body: bytes, media_type: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """What a parser of another hand reads: numbers by name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in PARSERS[media_type](body.decode())
        for sample in family.samples
    }


@both
def test_what_is_written_is_what_is_read(media_type):
    counter = Counter(
        "c_total", 'with "quotes", \\ and\na line', "a", sets=[('\\ " \n é',), ("y",)]
    )
    gauge = Gauge("g", "A gauge.")
    histogram = Histogram("h_seconds", "A histogram.", "a", bounds=(0.25, 10.0), sets=every("x"))
    families = (counter, gauge, histogram)
    counter.add('\\ " \n é', by=3)
    gauge.set(-1.5e-7)
    for value in (0.1, 0.25, 3, 1e20):
        histogram.observe(value, "x")
    body = rendered(families, snapshot(families), media_type)
    assert samples(body, media_type) == {
        ("c_total", frozenset({("a", '\\ " \n é')})): 3,
        ("c_total", frozenset({("a", "y")})): 0,
        ("g", frozenset()): -1.5e-7,
        ("h_seconds_bucket", frozenset({("a", "x"), ("le", "0.25")})): 2,
        ("h_seconds_bucket", frozenset({("a", "x"), ("le", "10.0")})): 3,
        ("h_seconds_bucket", frozenset({("a", "x"), ("le", "+Inf")})): 4,
        ("h_seconds_count", frozenset({("a", "x")})): 4,
        ("h_seconds_sum", frozenset({("a", "x")})): 0.1 + 0.25 + 3 + 1e20,
    }
    (first, *_) = PARSERS[media_type](body.decode())
    assert (first.documentation, first.type) == (counter.help, "counter")


@both
def test_what_nobody_has_said_is_left_out(media_type):
    gauge = Gauge("g", "A gauge.")
    body = rendered([gauge], snapshot([gauge]), media_type)
    assert body == (b"# EOF\n" if media_type == OPENMETRICS else b"")


def full(family: Family) -> Snapshot:
    """A family with a number for each set of labels."""
    sets = family.foreseen or {("x",) * len(family.labels)}
    return {family.name: [(labels, [2.0 for _ in family.nothing()]) for labels in sets]}


@both
def test_every_metric_is_read(media_type):
    measured = {name: rows for family in FAMILIES for name, rows in full(family).items()}
    found = samples(rendered(FAMILIES, measured, media_type), media_type)
    assert len(found) > len(FAMILIES)
    assert math.nan not in found.values()


@pytest.mark.debian
def test_promtool_finds_nothing_to_say_of_any_metric():
    measured = {name: rows for family in FAMILIES for name, rows in full(family).items()}
    checked = subprocess.run(
        ["promtool", "check", "metrics"],
        check=False,
        input=rendered(FAMILIES, measured, TEXT),
        capture_output=True,
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@pytest.mark.parametrize("accept", [PROMETHEUS_2, PROMETHEUS_3, "Application/OpenMetrics-Text"])
def test_openmetrics_is_given_to_those_who_ask_for_it(accept):
    assert media_type_for(accept) == OPENMETRICS


@pytest.mark.parametrize(
    "accept",
    [
        *("", "*/*", "text/html, */*", "application/json", ";;,=;q", "text/plain;q=x"),
        "application/openmetrics-text;q=0.1, text/plain;q=0.9",
        "application/openmetrics-text;q=0",
        "application/openmetrics-text;version=0.0.1",
        "application/openmetrics-text;q=nan",
    ],
)
def test_others_are_given_the_older_text(accept):
    assert media_type_for(accept) == TEXT


async def test_the_loop_does_not_wait_for_the_text(store, monkeypatch):
    """It may be the loop that answers requests."""
    threads = []

    def written(*arguments):
        threads.append(threading.current_thread())
        return rendered(*arguments)

    monkeypatch.setattr(metrics_port, "rendered", written)
    answer = await Scrapes(store).handle(make_mocked_request("GET", metrics_port.PATH))
    assert answer.status == 200
    assert len(threads) == 1
    assert threading.current_thread() not in threads
