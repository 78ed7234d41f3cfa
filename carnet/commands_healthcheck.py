"""`carnet healthcheck`: asks the running program how it is, as its settings say where."""

import http.client
import socket
from typing import Final
from urllib.parse import quote, urlsplit

import click
import msgspec

from carnet.address import reached_by
from carnet.console import config_option, json_option, settings_of
from carnet.failure import Failure, UsageFailure
from runtime.settings import Settings
from server.probes import READY

_SECONDS: Final = 5.0
"""For an answer, which takes two at most where the process is well."""


class _State(msgspec.Struct):
    """The body of `/readyz`: the status, and the word of each check."""

    status: str
    checks: dict[str, str]


@click.command("healthcheck")
@config_option
@click.option("--worker", is_flag=True, help="Ask the worker with these settings.")
@json_option
@click.pass_context
def healthcheck(context: click.Context, worker: bool, as_json: bool) -> int:
    """Ask the running server whether it is ready; exit code 0 or 1.

    A worker is asked on its own metrics.port.
    """
    settings = settings_of(context)
    connection = _to_worker(settings) if worker else _to_server(settings)
    path = READY if worker else urlsplit(settings.http.public_url).path.rstrip("/") + READY
    try:
        connection.request("GET", quote(path, safe="/%"))
        body = connection.getresponse().read()
        state = msgspec.json.decode(body, type=_State)
    except (OSError, http.client.HTTPException) as error:
        raise Failure(f"not healthy: there is no answer: {str(error) or repr(error)}") from error
    except ValueError as error:  # also of what is no UTF-8
        raise Failure("not healthy: what answers there is not Carnet") from error
    finally:
        connection.close()
    wrong = ", ".join(f"{name} is {word}" for name, word in state.checks.items() if word != "ok")
    if as_json:
        click.echo(body)
    elif state.status == "ok":
        click.echo(f"ok{f' ({wrong})' if wrong else ''}")
    else:
        raise Failure(f"{state.status}{f': {wrong}' if wrong else ''}")
    return 0 if state.status == "ok" else 1


def _to_worker(settings: Settings) -> http.client.HTTPConnection:
    if not settings.metrics.port:
        raise UsageFailure("metrics.port: a worker can be asked only where this is set")
    host = reached_by(settings.metrics.host)
    return http.client.HTTPConnection(host, settings.metrics.port, timeout=_SECONDS)


def _to_server(settings: Settings) -> http.client.HTTPConnection:
    path = settings.http.socket
    if not path and not settings.http.port:
        raise UsageFailure("http.port: with 0, nobody can tell which one the server has")
    host = "localhost" if path else reached_by(settings.http.host)
    connection = http.client.HTTPConnection(host, settings.http.port, timeout=_SECONDS)
    if path:
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(_SECONDS)
        try:
            connection.sock.connect(path)
        except OSError as error:
            connection.close()
            raise Failure(f"not healthy: there is no answer: {error}") from error
    return connection
