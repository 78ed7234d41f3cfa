"""How a process shares processors with others (Linux; elsewhere no effect)."""

import contextlib
import ctypes
import os
import platform
import struct
from typing import Final

_SCHED_SETATTR: Final = {"x86_64": 314, "aarch64": 274, "riscv64": 274}
"""The number of the system call sched_setattr(2), which the C library has no name for."""
_SCHED_ATTR: Final = struct.Struct("=IIQiIQQQII")
"""struct sched_attr: size, policy, flags, nice, priority, runtime, deadline, period, two clamps."""
_NICE: Final = 5
"""A third of the usual share."""
_SHORTEST_NS: Final = 100_000
"""The kernel takes no shorter turn for a wish."""


def prefer_short_turns() -> None:
    """Makes this thread, and those it starts, run soon rather than long.

    From Linux 6.12 on, who asks for short turns interrupts who has a long one when there is
    something to do: a server answers a request while an import computes.
    """
    _ask_for_turns_of(_SHORTEST_NS)


def take_usual_turns() -> None:
    """Undoes for this thread what it was given by a parent that prefers short turns."""
    _ask_for_turns_of(0)


def _ask_for_turns_of(nanoseconds: int) -> None:
    number = _SCHED_SETATTR.get(platform.machine())
    if number is None or not hasattr(os, "sched_getscheduler"):
        return
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    usual = os.SCHED_OTHER
    # Whoever put us under another policy knows better.
    if os.sched_getscheduler(0) != usual:
        return
    wish = _SCHED_ATTR.pack(_SCHED_ATTR.size, usual, 0, nice, 0, nanoseconds, 0, 0, 0, 0)
    # A sandbox may refuse the call, and then it is as it was.
    ctypes.CDLL(None).syscall(number, 0, wish, 0)


def step_back() -> None:
    """Makes this process one that others go before, where there are not processors for all.

    It gets less of a processor that others want too, and never interrupts them (sched(7)).
    """
    if not hasattr(os, "setpriority"):
        return
    # Who supervises us may not allow it.
    with contextlib.suppress(OSError):
        nice = max(_NICE, os.getpriority(os.PRIO_PROCESS, 0))
        os.setpriority(os.PRIO_PROCESS, 0, nice)
    if not hasattr(os, "sched_getscheduler") or os.sched_getscheduler(0) != os.SCHED_OTHER:
        return
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def leave_a_processor() -> None:
    """Keeps off one of several processors: there the server is never made to wait for its turn."""
    if not hasattr(os, "sched_setaffinity"):
        return
    others = sorted(os.sched_getaffinity(0))[1:]
    # Who supervises us may not allow it.
    with contextlib.suppress(OSError):
        if others:
            os.sched_setaffinity(0, others)
