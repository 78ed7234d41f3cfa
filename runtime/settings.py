"""Settings: `config.toml`, then `CARNET_*` from the environment (contract sections 8 and 9)."""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

_FORMS = {
    "queue.url": "must be redis://host:6379/0, or empty for a worker of the server's own",
    "http.public_url": "must be http://host or https://host, or empty",
    "storage.url": "must be sqlite:///path or postgresql://user:pass@host/db",
}
"""What settings that have a pattern must look like."""

Count = Annotated[int, Meta(ge=1)]


class ConfigError(ValueError):
    """A setting that cannot be; the text names it and says why."""


class Http(msgspec.Struct, forbid_unknown_fields=True):
    """Where and how the server listens."""

    host: Annotated[str, Meta(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 8080
    processes: Count = 1
    max_body_bytes: Count = 32 * 1024 * 1024
    trusted_proxies: Annotated[int, Meta(ge=0)] = 0
    public_url: Annotated[str, Meta(pattern=r"^(https?://\S+)?\Z")] = ""


class Storage(msgspec.Struct, forbid_unknown_fields=True):
    """Where the data is."""

    url: Annotated[str, Meta(pattern=r"^(sqlite:///|postgres(ql)?://).")] = (
        "sqlite:///data/carnet.db"
    )


class Queue(msgspec.Struct, forbid_unknown_fields=True):
    """Who does the jobs; empty: a worker in the server process."""

    url: Annotated[
        str,
        Meta(
            pattern=r"^(rediss?://([^\s/@]*@)?([^\s/:@\[\]]+|\[[0-9a-f:]+\])(:\d{1,5})?(/\d*)?)?\Z"
        ),
    ] = ""


class Limits(msgspec.Struct, forbid_unknown_fields=True):
    """Requests per minute, per key and per client address."""

    requests_per_minute: Count = 60
    shared_requests_per_minute: Count = 60


class Imports(msgspec.Struct, forbid_unknown_fields=True):
    """How large a sync may be, and when it goes through the queue."""

    inline_items: Annotated[int, Meta(ge=0)] = 200
    wait_seconds: Annotated[float, Meta(ge=0, le=24 * 60 * 60)] = 30
    max_items: Count = 50_000


class Log(msgspec.Struct, forbid_unknown_fields=True):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "console", ""] = ""


class Settings(msgspec.Struct, forbid_unknown_fields=True):
    """All settings, each with its default."""

    http: Http = msgspec.field(default_factory=Http)
    storage: Storage = msgspec.field(default_factory=Storage)
    queue: Queue = msgspec.field(default_factory=Queue)
    limits: Limits = msgspec.field(default_factory=Limits)
    imports: Imports = msgspec.field(default_factory=Imports)
    log: Log = msgspec.field(default_factory=Log)


def load(path: Path | None, environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from a TOML file (`./config.toml` if there is one and none is named).

    Raises `ConfigError` with the name of the setting that is wrong.
    """
    values = _read(path)
    origins: dict[str, str] = {}
    for name, text in (os.environ if environ is None else environ).items():
        section, separator, key = name.lower().removeprefix("carnet_").partition("__")
        if name.startswith("CARNET_") and separator:
            table = values.setdefault(section, {})
            if isinstance(table, dict):
                table[key] = text
                origins[f"{section}.{key}"] = name
    try:
        return msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        setting, reason = _explain(str(error))
        names = [name for key, name in origins.items() if f"{key}.".startswith(f"{setting}.")]
        origin = f" (from {names[0]})" if names else ""
        raise ConfigError(f"{setting}: {reason}{origin}") from error


def _read(path: Path | None) -> dict[str, Any]:
    if path is None:
        path = Path("config.toml")
        if not path.exists():
            return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error


def _explain(message: str) -> tuple[str, str]:
    """msgspec's "reason - at `$.http.port`" as a setting and a reason."""
    reason, _, place = message.partition(" - at ")
    setting = place.strip("`").removeprefix("$").removeprefix(".")
    if "matching regex" in reason:
        return setting, _FORMS[setting]
    if unknown := re.fullmatch(r"Object contains unknown field `(.*)`", reason):
        return f"{setting}.{unknown[1]}".removeprefix("."), "there is no such setting"
    return setting, reason[:1].lower() + reason[1:]
