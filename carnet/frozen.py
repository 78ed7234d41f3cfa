"""What the frozen program needs that Python's does not (`make binary`, ADR 23).

The program that is one file is two processes. The launcher is the one that a person, a shell or
systemd has started: it unpacks the file into a folder, starts the same file once more, passes
signals on, and removes the folder at the end. The other one is this process.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any, Final

FROZEN: Final = bool(getattr(sys, "frozen", False))

_PR_SET_PDEATHSIG: Final = 1
_MARK: Final = "carnet.unpacked"
"""A file in an unpacked folder, made when a process that runs from there has locked the folder."""


def settle() -> None:
    """Makes the process one that may be killed, and whose file may be replaced, at any time."""
    _keep_to_own_file()
    _give_children_their_own()
    if launched():
        _die_with_launcher()
        _hold_folder()
        _remove_left_over()


def launched() -> bool:
    """Whether this process has a launcher."""
    return FROZEN and _folder().parent != Path(sys.executable).parent


def leave_group() -> None:
    """Has a signal to the whole process group come once.

    A Ctrl-C, or a `kill %1`, goes to the launcher and to this process, and the launcher passes it
    on: the second one would end the program at once.
    """
    if launched():
        os.setpgid(0, 0)


def _folder() -> Path:
    folder: str = sys._MEIPASS  # type: ignore[attr-defined]  # noqa: SLF001 - as it is documented
    return Path(folder)


def _keep_to_own_file() -> None:
    """Modules that are imported later come from the file that was started, not its successor."""
    archive: Any = sys.modules["pyimod02_importers"]
    archive.pyz_archive._filename = "/proc/self/exe"  # noqa: SLF001 - no other way to say it


def _give_children_their_own() -> None:
    """Children unpack the file anew, and other programs find the libraries that are theirs."""
    os.environ["PYINSTALLER_RESET_ENVIRONMENT"] = "1"
    libraries = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
    os.environ.pop("LD_LIBRARY_PATH", None)
    if libraries is not None:
        os.environ["LD_LIBRARY_PATH"] = libraries


def _die_with_launcher() -> None:
    """Who kills the launcher means the program, and does not know of this process."""
    import ctypes  # only here: other programs need not load it

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != _launcher_of(_folder()):
        os.kill(os.getpid(), signal.SIGKILL)


def _hold_folder() -> None:
    """Locks the folder for as long as this process lives, and then marks it as one of ours."""
    fcntl.flock(os.open(_folder(), os.O_RDONLY), fcntl.LOCK_EX)
    (_folder() / _MARK).touch()


def _launcher_of(folder: Path) -> int:
    """The process that has unpacked a folder: it is named _MEI, its id as %08x, six letters."""
    return int(folder.name[4:12], 16)


def _remove_left_over() -> None:
    """Removes folders whose launcher was killed before it could."""
    for mark in _folder().parent.glob(f"_MEI*/{_MARK}"):
        if not Path("/proc", str(_launcher_of(mark.parent))).exists():
            # Where containers share /tmp it may be in use all the same, and is locked then.
            with contextlib.suppress(OSError):
                _remove(mark.parent)


def _remove(folder: Path) -> None:
    """Removes a folder of this user's; `OSError` where it is in use."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if os.fstat(descriptor).st_uid == os.geteuid():
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder)
    finally:
        os.close(descriptor)
