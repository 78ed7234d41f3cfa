"""How processes share processors."""

import ctypes
import errno
import os
import platform
import struct
import subprocess
import sys

import pytest

from carnet import scheduling
from carnet.scheduling import leave_a_processor, prefer_short_turns, step_back, take_usual_turns

on_linux = pytest.mark.skipif(
    platform.machine() != "x86_64" or sys.platform != "linux", reason="asks Linux on x86-64"
)

with_classes = pytest.mark.skipif(
    not hasattr(os, "sched_setscheduler"), reason="asks a system with scheduling classes"
)

SLICES = """
import ctypes, os, struct
from carnet.scheduling import prefer_short_turns, take_usual_turns
def turn():
    told = ctypes.create_string_buffer(56)
    assert ctypes.CDLL(None).syscall(315, 0, told, 56, 0) == 0
    return struct.unpack("=IIQiIQQQII", told.raw)[5]
usual = turn()
os.nice(3)
prefer_short_turns()
short = turn()
take_usual_turns()
print(usual, short, turn(), os.getpriority(os.PRIO_PROCESS, 0))
"""


@on_linux
def test_a_wish_for_short_turns_is_heard_and_undone():
    """By Linux 6.12 and later; an earlier one tells of no turns, and hears the wish in vain."""
    done = subprocess.run(
        [sys.executable, "-c", SLICES], capture_output=True, text=True, check=True
    )
    usual, short, again, nice = map(int, done.stdout.split())
    assert usual == again
    assert short in (100_000, usual)
    assert nice == os.getpriority(os.PRIO_PROCESS, 0) + 3


def test_where_the_call_is_not_known_nothing_is_wished(monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "vax")
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: pytest.fail("it called"))
    prefer_short_turns()
    take_usual_turns()


def test_whoever_put_us_under_another_policy_knows_better(monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(os, "sched_getscheduler", lambda _pid: os.SCHED_BATCH, raising=False)
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: pytest.fail("it called"))
    prefer_short_turns()


def test_the_wish_has_the_form_the_kernel_knows():
    assert scheduling._SCHED_ATTR.size == struct.calcsize("=IIQiIQQQII") == 56


def test_who_may_not_choose_its_processors_works_on_all(monkeypatch):
    def forbidden(_pid: int, _processors: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setaffinity", forbidden)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1})
    leave_a_processor()


def test_it_leaves_the_first_of_several_processors(monkeypatch):
    chosen: list[object] = []
    monkeypatch.setattr(os, "sched_setaffinity", lambda _pid, those: chosen.append(those))
    for have in ({3}, {2, 5}, {0, 1, 2}):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _pid, have=have: have)
        leave_a_processor()
    assert chosen == [[5], [1, 2]]


STEPS = """
import os
from carnet.scheduling import step_back, take_usual_turns
take_usual_turns()
step_back()
step_back()
print(os.sched_getscheduler(0) == os.SCHED_BATCH, os.getpriority(os.PRIO_PROCESS, 0))
"""


@with_classes
def test_who_steps_back_interrupts_nobody():
    done = subprocess.run([sys.executable, "-c", STEPS], capture_output=True, text=True, check=True)
    batch, nice = done.stdout.split()
    assert batch == "True"
    assert int(nice) == max(5, os.getpriority(os.PRIO_PROCESS, 0))


class Kernel:
    """Stands in for the calls by which a process steps back."""

    def __init__(self, monkeypatch, nice: int = 0, policy: str = "SCHED_OTHER") -> None:
        self.nice: list[int] = []
        self.policies: list[int] = []
        monkeypatch.setattr(os, "getpriority", lambda _which, _who: nice)
        monkeypatch.setattr(os, "setpriority", lambda _which, _who, to: self.nice.append(to))
        monkeypatch.setattr(os, "sched_getscheduler", lambda _pid: getattr(os, policy))
        monkeypatch.setattr(
            os, "sched_setscheduler", lambda _pid, to, _param: self.policies.append(to)
        )


@with_classes
@pytest.mark.parametrize(("before", "after"), [(0, 5), (5, 5), (12, 12)])
def test_it_steps_back_so_far_and_no_further(monkeypatch, before, after):
    kernel = Kernel(monkeypatch, nice=before)
    step_back()
    assert (kernel.nice, kernel.policies) == ([after], [os.SCHED_BATCH])


@with_classes
def test_whoever_put_a_worker_under_another_policy_knows_better(monkeypatch):
    kernel = Kernel(monkeypatch, policy="SCHED_IDLE")
    step_back()
    assert kernel.policies == []


@with_classes
@pytest.mark.parametrize("call", ["setpriority", "sched_setscheduler"])
def test_who_may_not_take_one_step_back_takes_the_other(monkeypatch, call):
    def forbidden(*_arguments: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    kernel = Kernel(monkeypatch)
    monkeypatch.setattr(os, call, forbidden)
    step_back()
    assert len(kernel.nice + kernel.policies) == 1
