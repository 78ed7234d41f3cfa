"""Structured logs: one JSON line an event, or colours for a person at a terminal."""

import asyncio
import atexit
import logging
import sys
import threading
from typing import Any, BinaryIO, Final, Literal, cast

import msgspec
import structlog

TOGETHER_SECONDS: Final = 0.05
"""How long a line may wait for others, to be written with them."""


def configure(level: str, style: Literal["json", "console", ""]) -> None:
    """Sets up structlog; an empty style means console on a terminal, JSON elsewhere."""
    global _lines
    console = style == "console" or (style == "" and sys.stderr.isatty())
    minimum = logging.getLevelNamesMapping()[level.upper()]
    lines = None if console else _lines_of_stderr()
    _lines = lines if minimum <= logging.INFO else None
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            *_rendering(console),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(minimum),
        logger_factory=structlog.BytesLoggerFactory(cast("BinaryIO", lines))
        if lines
        else _console_factory,
        cache_logger_on_first_use=True,
    )
    # aiohttp and asyncio log only what went wrong under us, and never a request's content.
    logging.basicConfig(level=max(minimum, logging.WARNING), handlers=[_Bridge()])


_lines: "Lines | None" = None
"""Where lines of level info go as they are; None where structlog has more to do with them."""


class Line(msgspec.Struct, kw_only=True):
    """An event of level info whose fields are known, with the moment as `time`.

    For what every request leaves behind: structlog's chain takes eight times as long.
    """

    level: Literal["info"] = "info"
    time: str

    def log(self) -> None:
        """Writes the line; its event's name is the struct's tag, in the field `event`."""
        if _lines is not None:
            _lines.write(msgspec.json.encode(self) + b"\n")
            _lines.flush()
        else:
            fields = msgspec.to_builtins(self)
            del fields["level"], fields["time"]
            structlog.get_logger().info(**fields)


class _Bridge(logging.Handler):
    """Takes what libraries log into our own lines."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger("carnet.libraries")
        log.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info)


def _rendering(console: bool) -> list[Any]:
    """Tracebacks without the values of variables, which can be keys and bodies."""
    if console:
        plain = structlog.dev.plain_traceback
        return [structlog.dev.ConsoleRenderer(exception_formatter=plain)]
    frames = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [structlog.processors.ExceptionRenderer(frames), _render]


def _render(_logger: Any, _method: str, event: dict[str, Any]) -> bytes:
    return msgspec.json.encode({k: v for k, v in event.items() if v is not None}, enc_hook=repr)


def _console_factory(*_args: Any) -> Any:
    return structlog.PrintLogger(sys.stderr)


def _lines_of_stderr() -> "Lines":
    lines = Lines(sys.stderr.buffer)
    atexit.register(lines.write_out)
    return lines


class Lines:
    """A stream to which the lines of a busy loop are written together.

    Each write of its own would cost a request a system call. Without a loop that runs, lines are
    written at once. A process that is killed takes those of the last moment with it.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._waiting: list[bytes] = []
        self._due = 0.0

    def write(self, data: bytes) -> None:
        """Takes a line."""
        with self._lock:
            self._waiting.append(data)

    def flush(self) -> None:
        """Sees to it that what was taken is written soon."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.write_out()
            return
        if self._due <= loop.time():
            self._due = loop.time() + TOGETHER_SECONDS
            loop.call_at(self._due, self.write_out)

    def write_out(self) -> None:
        """Writes all that waits."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
            self._stream.write(b"".join(waiting))
            self._stream.flush()
