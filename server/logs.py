"""Structured logs: one JSON line an event, or colours for a person at a terminal."""

import logging
import sys
from typing import Any, Literal

import msgspec
import structlog


def configure(level: str, style: Literal["json", "console", ""]) -> None:
    """Sets up structlog; an empty style means console on a terminal, JSON elsewhere."""
    console = style == "console" or (style == "" and sys.stderr.isatty())
    minimum = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            *_rendering(console),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(minimum),
        logger_factory=_console_factory if console else structlog.BytesLoggerFactory(_stderr()),
        cache_logger_on_first_use=True,
    )
    # aiohttp and asyncio log only what went wrong under us, and never a request's content.
    logging.basicConfig(level=max(minimum, logging.WARNING), handlers=[_Bridge()])


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


def _stderr() -> Any:
    return sys.stderr.buffer
