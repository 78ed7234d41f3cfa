"""How the commands that speak to a running Carnet are told where it is."""

from collections.abc import Callable
from typing import Any

import click

from carnet.failure import UsageFailure


def connection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--url` and `--key`, each with its variable."""
    url = click.option(
        "--url",
        envvar="CARNET_URL",
        callback=_named("say where the Carnet is, or set CARNET_URL"),
        help="Address of the Carnet, with or without /api/v1; else CARNET_URL.",
    )
    key = click.option(
        "--key",
        envvar="CARNET_API_KEY",
        callback=_named("say which API key to use, or set CARNET_API_KEY"),
        help="API key; else CARNET_API_KEY, which other users of the machine cannot see.",
    )
    return url(key(command))


def _named(otherwise: str) -> Callable[[click.Context, click.Parameter, str | None], str]:
    def required(_context: click.Context, option: click.Parameter, value: str | None) -> str:
        if not value:
            raise UsageFailure(f"{option.opts[0]}: {otherwise}")
        return value

    return required
