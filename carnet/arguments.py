"""The checks of what is typed at the command line; all of it passes here before it is used."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import click

from carnet.failure import UsageFailure
from domain.account import KEY_PREFIX, is_email, is_name, parse_expiry
from domain.clock import timestamp
from domain.scopes import BASE_SCOPES, is_scope
from runtime import clock
from runtime.ids import is_id
from runtime.settings import MOST

_NUMBER = re.compile(r"[0-9]{1,20}", re.ASCII)


def require_text(arguments: Sequence[str]) -> None:
    """Raises `UsageFailure` for an argument that is not UTF-8, which Python carries as surrogates.

    Nor may one hold NUL, which no path and no database takes.
    """
    for argument in arguments:
        if re.search("[\0\ud800-\udfff]", argument):
            raise UsageFailure(f"{_shown(argument)} is not UTF-8 text without NUL")


class Checked(click.ParamType):  # type: ignore[type-arg]  # not generic in click 8.2
    """A parameter's type by a function that gives its value, or raises ValueError saying why not.

    The failure is told as `--option: why`.
    """

    def __init__(self, name: str, check: Callable[[str], Any]) -> None:
        self.name = name
        self._check = check

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """See `click.ParamType.convert`."""
        try:
            return self._check(value)
        except ValueError as error:
            option = param.opts[0] if isinstance(param, click.Option) else self.name.upper()
            raise UsageFailure(f"{option}: {error}") from None


def _email(text: str) -> str:
    if not is_email(text):
        raise ValueError(f"{_shown(text)} is not an e-mail address such as ann@example.org")
    return text


def _name(text: str) -> str:
    if not is_name(text):
        raise ValueError("must be 1 to 200 characters, not all blank and none of them a control")
    return text


def _id(text: str) -> str:
    if text.startswith(KEY_PREFIX):
        raise ValueError("that is a key, not its id, which `carnet key list` tells")
    if not is_id(text):
        raise ValueError(f"{_shown(text)} is not an id: those are of a to z and 0 to 9")
    return text


def _scope(text: str) -> str:
    if not is_scope(text):
        raise ValueError(
            f"there is no scope {_shown(text)}: use {', '.join(BASE_SCOPES)}, or one of them"
            " followed by :TRIP_ID"
        )
    return text


def _rate_limit(text: str) -> int:
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= MOST:
        raise ValueError(f"{_shown(text)} is not a whole number from 1 to {MOST:,}")
    return int(text)


def _expiry(text: str) -> str:
    moment = parse_expiry(text)
    if moment <= clock.moment():
        raise ValueError(f"{text} is in the past")
    return timestamp(moment)


def _shown(text: str) -> str:
    """A text in quotes, escaped where it cannot be printed, and not longer than a line."""
    return repr(text if len(text) <= 80 else f"{text[:77]}...")


EMAIL: Final = Checked("email", _email)
NAME: Final = Checked("name", _name)
ID: Final = Checked("id", _id)
SCOPE: Final = Checked("scope", _scope)
RATE_LIMIT: Final = Checked("number", _rate_limit)
EXPIRY: Final = Checked("date", _expiry)
