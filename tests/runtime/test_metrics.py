"""Metrics of a process, and of several as one."""

import pytest

from runtime.metrics import (
    UNFORESEEN,
    Counter,
    Gauge,
    Histogram,
    Snapshot,
    added_up,
    every,
    lasting,
    snapshot,
)

BOUNDS = (0.1, 1.0)


def test_a_counter_begins_at_0_for_all_that_it_may_count():
    counter = Counter("c_total", "", "a", "b", sets=every("xy", "z"))
    counter.add("x", "z")
    counter.add("x", "z", by=2.5)
    assert dict(counter.rows()) == {("x", "z"): [3.5], ("y", "z"): [0]}


@pytest.mark.parametrize("value", [0.1, 0.0999, -1.0])
def test_what_is_as_large_as_a_bound_is_within_it(value):
    histogram = Histogram("h", "", bounds=BOUNDS)
    histogram.observe(value)
    histogram.observe(0.2)
    histogram.observe(1.1)
    assert histogram.rows() == [((), [1, 1, 1, value + 0.2 + 1.1])]


def test_a_gauge_has_a_number_once_it_is_said():
    gauge = Gauge("g", "", "a", sets=every("xy"))
    assert gauge.rows() == []
    gauge.set(3, "x")
    gauge.set(4, "x")
    assert gauge.rows() == [(("x",), [4])]
    gauge.forget()
    assert gauge.rows() == []


def test_a_function_is_asked_when_the_number_is():
    gauge, numbers = Gauge("g", "", "a", sets=every("x")), [1, 2, 3]
    end = gauge.follow(lambda: numbers.pop(), "x")
    assert gauge.rows() == [(("x",), [3])]
    assert gauge.rows() == [(("x",), [2])]
    gauge.follow(lambda: 10, "x")
    assert gauge.rows() == [(("x",), [11])], "there are two of what it counts"
    end()
    end()
    assert gauge.rows() == [(("x",), [10])]


def test_a_function_that_cannot_read_its_number_gives_none():
    def fails() -> float:
        raise OSError(24, "Too many open files")

    gauge = Gauge("g", "")
    gauge.follow(fails)
    assert snapshot([gauge]) == {"g": []}
    gauge.follow(lambda: 1)
    assert snapshot([gauge]) == {"g": [((), [1])]}


@pytest.mark.parametrize(
    ("family", "measure"),
    [
        (Counter("c_total", "", "a", "b"), lambda family, *labels: family.add(*labels)),
        (Histogram("h", "", "a", "b", bounds=BOUNDS), lambda h, *labels: h.observe(1, *labels)),
        (Gauge("g", "", "a", "b"), lambda gauge, *labels: gauge.set(1, *labels)),
    ],
)
def test_what_was_not_foreseen_makes_no_series(family, measure):
    family.foresee([("x", "y")])
    measure(family, "x", "y")
    for n in range(100):
        measure(family, "x", f"osk_{n}")
    assert {labels for labels, _ in family.rows()} == {("x", "y"), (UNFORESEEN, UNFORESEEN)}
    assert family.foreseen == {("x", "y")}


def test_processes_are_put_together():
    families = (
        Counter("c_total", ""),
        Histogram("h", "", "a", bounds=BOUNDS, sets=every("xy")),
        Gauge("largest", "", together="max"),
        Gauge("least", "", together="min"),
        Gauge("sum", ""),
    )
    parts = []
    for number, label in enumerate("xyx"):
        counter, histogram, *gauges = families
        counter.add(by=number)
        histogram._rows.clear()
        histogram.observe(number, label)
        for gauge in gauges:
            gauge.set(number)
        parts.append({name: [(k, [*v]) for k, v in r] for name, r in snapshot(families).items()})
    assert added_up(families, parts) == {
        "c_total": [((), [4])],
        "h": [(("x",), [1, 0, 1, 2]), (("y",), [0, 1, 0, 1])],
        "largest": [((), [2])],
        "least": [((), [0])],
        "sum": [((), [3])],
    }
    assert parts[0]["c_total"] == [((), [0])], "none of them is changed"


def test_of_another_release_what_differs_is_left_out():
    families = (Histogram("h", "", bounds=BOUNDS), Counter("c_total", "", "a", sets=every("x")))
    ours: Snapshot = {"h": [((), [1.0, 1.0, 1.0, 3.0])], "c_total": [(("x",), [1.0])]}
    theirs: Snapshot = {
        "h": [((), [1.0, 1.0])],
        "c_total": [(("x", "y"), [1.0]), (("x",), [2.0])],
        "new": [((), [1.0])],
    }
    assert added_up(families, [ours, theirs]) == {
        "h": [((), [1.0, 1.0, 1.0, 3.0])],
        "c_total": [(("x",), [3.0])],
    }


def test_of_a_process_that_has_ended_what_happened_counts_on():
    families = (Counter("c_total", ""), Histogram("h", "", bounds=BOUNDS), Gauge("g", ""))
    measured: Snapshot = {name: [((), [1.0])] for name in ("c_total", "h", "g")}
    assert lasting(families, measured).keys() == {"c_total", "h"}
    assert lasting(families, {}) == {}
