"""The catalogue of all metrics."""

import re

import pytest

from runtime.measured import FAMILIES
from runtime.metrics import Counter

OF_ALL_PROGRAMS = {
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "process_open_fds",
    "process_max_fds",
    "process_start_time_seconds",
}
SECRET = re.compile("id|key_id|token|address|ip|user|email|path|url", re.IGNORECASE)
"""Labels that would tell of somebody."""

every_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)


def test_no_two_have_one_name():
    names = [family.name.removesuffix("_total") for family in FAMILIES]
    assert len(set(names)) == len(names)


@every_family
def test_names_are_as_prometheus_wants_them(family):
    assert family.name in OF_ALL_PROGRAMS or re.fullmatch("carnet(_[a-z]+)+", family.name)
    assert family.name.endswith("_total") == isinstance(family, Counter)
    assert re.fullmatch(r"[A-Z`].*\.", family.help)


@every_family
def test_no_label_tells_of_anybody(family):
    for label in family.labels:
        assert re.fullmatch("[a-z]+", label)
        assert not SECRET.fullmatch(label)
