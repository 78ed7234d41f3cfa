"""Processes held to a share of one processor, each by a control group of its own.

So two processes have twice what one has, however few cores there are and whoever else uses them.
"""

import contextlib
import dataclasses
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path

PERIOD_US = 20_000
"""Short, so that a process that has used up its share stands still for milliseconds only."""
MOUNTS = Path("/sys/fs/cgroup")
PROCESSES = "cgroup.procs"


@dataclasses.dataclass(frozen=True)
class Controller:
    """The processor controller of control groups, of version 1 or 2."""

    root: Path
    version: int

    def quota(self, share: float) -> dict[str, str]:
        """A group's files that hold it to a share, and what goes into them."""
        quota = round(share * PERIOD_US)
        if self.version == 1:
            return {"cpu.cfs_period_us": str(PERIOD_US), "cpu.cfs_quota_us": str(quota)}
        return {"cpu.max": f"{quota} {PERIOD_US}"}

    def group_of(self, memberships: str) -> Path:
        """The group a process is in, by its `/proc/PID/cgroup`."""
        for line in memberships.splitlines():
            number, names, path = line.split(":", 2)
            mine = "cpu" in names.split(",") if self.version == 1 else number == "0"
            if mine and (self.root / path.lstrip("/")).is_dir():
                return self.root / path.lstrip("/")
        return self.root


def controller(mounts: Path = MOUNTS) -> Controller | None:
    """That of this machine; None where this process may make no groups with a quota."""
    for found in (Controller(mounts / "cpu", 1), Controller(mounts, 2)):
        with contextlib.suppress(OSError), _group(found, 1.0):
            return found
    return None


@contextlib.contextmanager
def held(controller: Controller, pids: Sequence[int], share: float) -> Iterator[None]:
    """Gives each process a share of one processor at most; they must outlive this."""
    with contextlib.ExitStack() as stack:
        for pid in pids:
            stack.enter_context(_held(controller, pid, share))
        yield


@contextlib.contextmanager
def _held(controller: Controller, pid: int, share: float) -> Iterator[None]:
    home = controller.group_of(Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8"))
    with _group(controller, share) as group:
        _set(group / PROCESSES, str(pid))
        try:
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                _set(home / PROCESSES, str(pid))


@contextlib.contextmanager
def _group(controller: Controller, share: float) -> Iterator[Path]:
    group = controller.root / f"carnet-bench-{secrets.token_hex(4)}"
    group.mkdir()
    try:
        for name, value in controller.quota(share).items():
            _set(group / name, value)
        yield group
    finally:
        group.rmdir()


def _set(file: Path, value: str) -> None:
    # Not made where it is not: then the folder is no control group.
    with file.open("r+", encoding="ascii") as there:
        there.write(value)
