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
        default="http://127.0.0.1:8080",
        show_default=True,
        help="Address of the Carnet, with or without /api/v1; CARNET_URL.",
    )
    key = click.option(
        "--key",
        envvar="CARNET_API_KEY",
        callback=_required,
        help="API key; CARNET_API_KEY, which other users of the machine cannot see.",
    )
    return url(key(command))


def _required(_context: click.Context, _option: click.Parameter, key: str | None) -> str:
    if not key:
        raise UsageFailure("--key: set CARNET_API_KEY to a key that `carnet key create` has shown")
    return key
