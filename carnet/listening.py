"""The socket that the server listens on: an address, a path, or what systemd hands over."""

import contextlib
import os
import socket
import stat
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, Final

import msgspec

from carnet.address import BACKLOG, bind
from carnet.failure import Failure, UsageFailure
from runtime.settings import Settings

_FIRST_DESCRIPTOR: Final = 3
"""SD_LISTEN_FDS_START of sd_listen_fds(3)."""
_MODE: Final = 0o660
"""Of the file of a unix socket: a proxy whose user is in the file's group may connect."""
_PROBE_SECONDS: Final = 1.0


@contextlib.contextmanager
def listening(settings: Settings) -> Iterator[tuple[Settings, socket.socket]]:
    """The settings, with where the server really listens, and the socket; closed at the end.

    `Failure` in one line when it cannot be had.
    """
    handed = handed_over(os.environ)
    if handed is not None:
        with handed:
            yield _with(settings, _place_of(handed)), handed
    elif settings.http.socket:
        with _file_of_socket(settings.http.socket) as made:
            yield settings, made
    else:
        with bind(settings.http.host, settings.http.port) as made:
            yield _with(settings, {"port": made.getsockname()[1]}), made


def _with(settings: Settings, place: Mapping[str, Any]) -> Settings:
    return msgspec.structs.replace(settings, http=msgspec.structs.replace(settings.http, **place))


@contextlib.contextmanager
def _file_of_socket(path: str) -> Iterator[socket.socket]:
    """A socket that listens on a path; its file is there for as long."""
    with socket.socket(socket.AF_UNIX) as made:
        try:
            _remove_what_is_left(path)
            made.bind(path)
            # Before anybody can connect.
            os.chmod(path, _MODE)  # noqa: PTH101 - a path of pathlib is no nicer here
            made.listen(BACKLOG)
            ours = _identity(path)
        except OSError as error:
            reason = error.strerror or error
            raise Failure(f"cannot listen on the socket {path}: {reason}") from error
        try:
            yield made
        finally:
            # A server that has started meanwhile has a file of its own there.
            with contextlib.suppress(OSError):
                if _identity(path) == ours:
                    os.unlink(path)  # noqa: PTH108


def _identity(path: str) -> tuple[int, int]:
    found = os.lstat(path)
    return found.st_ino, found.st_ctime_ns


def _remove_what_is_left(path: str) -> None:
    """Removes the file of a server that is no more; `Failure` where there is anything else."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise Failure(f"cannot listen on the socket {path}: there is something else in its place")
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_PROBE_SECONDS)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)  # noqa: PTH108
            return
        except (TimeoutError, BlockingIOError):
            pass  # so many wait for it that one more cannot
    raise Failure(f"cannot listen on the socket {path}: another server listens there")


def handed_over(environ: MutableMapping[str, str]) -> socket.socket | None:
    """The socket that systemd has opened for this process, by sd_listen_fds(3); None without one.

    The variables that tell of it are taken away, as they are not for children.
    """
    pid, count = environ.pop("LISTEN_PID", ""), environ.pop("LISTEN_FDS", "")
    environ.pop("LISTEN_FDNAMES", None)
    if pid != str(os.getpid()):
        return None
    if count != "1":
        raise UsageFailure(
            f"LISTEN_FDS: one socket can be served on, and systemd hands over {count}"
        )
    try:
        handed = socket.socket(fileno=_FIRST_DESCRIPTOR)
    except OSError as error:
        raise UsageFailure(f"LISTEN_FDS: what is handed over is no socket: {error}") from error
    handed.set_inheritable(False)
    listens = handed.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    if handed.type != socket.SOCK_STREAM or not listens:
        raise UsageFailure("LISTEN_FDS: the socket must have ListenStream=, and Accept=no")
    return handed


def _place_of(handed: socket.socket) -> Mapping[str, Any]:
    """What the settings would say of where a socket listens."""
    name = handed.getsockname()
    if isinstance(name, tuple):
        return {"host": name[0], "port": name[1], "socket": ""}
    # One without a file has a name of bytes that begins with NUL, by convention written @.
    text = name if isinstance(name, str) else name.decode(errors="replace").replace("\0", "@")
    return {"socket": text}
