"""Settings: `config.toml`, then `CARNET_*` from the environment (contract sections 8 and 9)."""

import difflib
import ipaddress
import os
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

MOST: Final = 1_000_000_000
"""The largest count: an INTEGER column and a stored body of either database hold it."""

CLIENT_VARIABLES: Final = ("CARNET_URL", "CARNET_API_KEY")
"""Variables of the commands that speak to a server; the server's settings are not among them."""

_PORT = r"(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[0-9]{1,4})"
_LABEL = r"[A-Za-z0-9_-]{1,63}"
_NAME = rf"{_LABEL}(\.{_LABEL})*\.?"
_IPV6 = r"[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]*(%[A-Za-z0-9_.-]+)?"

Count = Annotated[int, Meta(ge=1, le=MOST, description=f"a whole number from 1 to {MOST:,}")]
CountOrNone = Annotated[int, Meta(ge=0, le=MOST, description=f"a whole number from 0 to {MOST:,}")]
Origin = Annotated[
    str,
    # As browsers send it, which leave out the port of the scheme.
    Meta(
        pattern=r"^(\*|(?!http:.*:80\Z|https:.*:443\Z)"
        rf"https?://([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:{_PORT})?)\Z"
    ),
]


class ConfigError(ValueError):
    """A setting that cannot be; the text is one line that names it and says how to mend it."""


class Http(msgspec.Struct, forbid_unknown_fields=True):
    """Where and how the server listens."""

    host: Annotated[
        str,
        Meta(
            pattern=rf"^({_NAME}|{_IPV6}|\[{_IPV6}\])\Z",
            description="a host name or an IP address without a port, such as 127.0.0.1 or ::",
        ),
    ] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="a port from 0 (any) to 65535")] = 8080
    processes: Annotated[int, Meta(ge=1, le=1000, description="a whole number from 1 to 1,000")] = 1
    max_body_bytes: Count = 32 * 1024 * 1024
    max_inflight_bytes: Annotated[
        int, Meta(ge=1, le=2**40, description="a number of bytes from 1 to 1,099,511,627,776")
    ] = 128 * 1024 * 1024
    trusted_proxies: Annotated[
        int, Meta(ge=0, le=100, description="a whole number from 0 to 100")
    ] = 0
    public_url: Annotated[
        str,
        Meta(
            pattern=rf"^(https?://([^\s\\/?#@:\[\]]+|\[{_IPV6}\])(:{_PORT})?(/[^\s\\?#]*)?)?\Z",
            description="http://host or https://host, with a path if the server is mounted under"
            " one, without a query or a fragment; or empty",
        ),
    ] = ""
    cors_origins: Annotated[
        tuple[Origin, ...],
        Meta(
            description="* or a list of origins such as https://app.example.org, in small letters,"
            " without a path and without the port that the scheme has anyway"
        ),
    ] = ()


class Storage(msgspec.Struct, forbid_unknown_fields=True):
    """Where the data is."""

    url: Annotated[
        str,
        Meta(
            pattern=r"^(?!.*%00)(sqlite:///|postgres(ql)?://).",
            description="sqlite:///path or postgresql://user:pass@host/db",
        ),
    ] = "sqlite:///data/carnet.db"


class Queue(msgspec.Struct, forbid_unknown_fields=True):
    """Where jobs are announced; empty: to a worker of the server's own."""

    url: Annotated[
        str,
        Meta(
            pattern=r"^(rediss?://([^\s/@]*@)?([^\s/:@\[\]]+|\[[0-9a-f:]+\])"
            rf"(:{_PORT})?(/[0-9]{{0,9}})?)?\Z",
            description="redis://host:6379/0, or empty for a worker of the server's own",
        ),
    ] = ""


class Limits(msgspec.Struct, forbid_unknown_fields=True):
    """Requests per minute, per key, per client address and per session."""

    requests_per_minute: Count = 60
    shared_requests_per_minute: Count = 60
    session_requests_per_minute: Count = 600


class Imports(msgspec.Struct, forbid_unknown_fields=True):
    """How large a sync may be, and when it goes through the queue."""

    inline_items: CountOrNone = 200
    wait_seconds: Annotated[
        float, Meta(ge=0, le=24 * 60 * 60, description="a number of seconds from 0 to 86,400")
    ] = 30
    max_items: Count = 50_000


class History(msgspec.Struct, forbid_unknown_fields=True):
    """How long it is remembered what changed."""

    days: Annotated[
        int, Meta(ge=1, le=36_500, description="a whole number of days from 1 to 36,500")
    ] = 90


class Events(msgspec.Struct, forbid_unknown_fields=True):
    """How many event streams may be open: of one key, and of a server process."""

    per_key: Count = 20
    max_streams: Count = 2_000


class Webhooks(msgspec.Struct, forbid_unknown_fields=True):
    """Where webhooks may lead."""

    allow_private: Annotated[bool, Meta(description="true or false")] = False


class Oidc(msgspec.Struct, forbid_unknown_fields=True):
    """Who else lets people in: a provider of OpenID Connect."""

    issuer: Annotated[
        str,
        Meta(
            # Without TLS only within this machine.
            pattern=r"^((https://[^\s\\/?#@]+|http://(localhost|127\.0\.0\.1|\[::1\]))"
            rf"(:{_PORT})?(/[^\s\\?#]*)?)?\Z",
            description="the provider's https address, without a query or a fragment, to the letter"
            " as it calls itself, or empty",
        ),
    ] = ""
    client_id: Annotated[
        str, Meta(max_length=1_000, description="a string of at most 1,000 characters")
    ] = ""
    client_secret: Annotated[
        str, Meta(max_length=1_000, description="a string of at most 1,000 characters")
    ] = ""
    name: Annotated[
        str, Meta(min_length=1, max_length=40, description="a string of 1 to 40 characters")
    ] = "OpenID Connect"
    scopes: Annotated[
        str,
        Meta(
            pattern=r"^([!#-\[\]-~]+ )*openid( [!#-\[\]-~]+)*\Z",
            description="names separated by single spaces, openid among them",
        ),
    ] = "openid email profile"
    create_users: Annotated[bool, Meta(description="true or false")] = False


class Mail(msgspec.Struct, forbid_unknown_fields=True):
    """Who sends e-mail for the server."""

    url: Annotated[
        str,
        Meta(
            pattern=r"^(smtps?://([^\s/@:]+:[^\s/@:]+@)?([^\s/:@\[\]]+|\[[0-9A-Fa-f:]+\])"
            rf"(:{_PORT})?/?)?\Z",
            description="smtps://user:password@host:465, smtp://user:password@host:587, or empty",
        ),
    ] = ""
    sender: Annotated[
        str,
        Meta(
            pattern=r"^([^@\s<>,;:\"]{1,64}@[^@\s<>,;:\"]{1,190})?\Z",
            description="an e-mail address such as carnet@example.org, or empty",
        ),
    ] = ""


class Log(msgspec.Struct, forbid_unknown_fields=True):
    """What is logged, and how."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="debug, info, warning or error"),
    ] = "info"
    format: Annotated[
        Literal["json", "console", ""], Meta(description="json, console or empty")
    ] = ""


class Settings(msgspec.Struct, forbid_unknown_fields=True):
    """All settings, each with its default."""

    http: Http = msgspec.field(default_factory=Http)
    storage: Storage = msgspec.field(default_factory=Storage)
    queue: Queue = msgspec.field(default_factory=Queue)
    limits: Limits = msgspec.field(default_factory=Limits)
    imports: Imports = msgspec.field(default_factory=Imports)
    history: History = msgspec.field(default_factory=History)
    events: Events = msgspec.field(default_factory=Events)
    webhooks: Webhooks = msgspec.field(default_factory=Webhooks)
    oidc: Oidc = msgspec.field(default_factory=Oidc)
    mail: Mail = msgspec.field(default_factory=Mail)
    log: Log = msgspec.field(default_factory=Log)


_FIELDS: Final = {
    f"{section.name}.{field.name}": field
    for section in msgspec.structs.fields(Settings)
    for field in msgspec.structs.fields(section.type)
}
_SECTIONS: Final = Settings.__struct_fields__


def variable_of(setting: str) -> str:
    """The environment variable of a setting: `CARNET_HTTP__PORT` of `http.port`."""
    return f"CARNET_{setting.upper().replace('.', '__')}"


def load_settings(path: Path | None, environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from a TOML file (`./config.toml` if there is one and none is named).

    Raises `ConfigError` with the name of the setting that is wrong.
    """
    values = _read(path)
    _refuse_unknown(values)
    variables = _take_variables(values, os.environ if environ is None else environ)
    for setting, text in _texts(values):
        if not _is_clean(text):
            raise _refusal(setting, "must be UTF-8 text without control characters", variables)
        if isinstance(_FIELDS[setting].default, tuple):
            section, _, name = setting.partition(".")
            values[section][name] = [part.strip() for part in text.split(",") if part.strip()]
    try:
        settings = msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise _refusal(*_explain(str(error)), variables) from error
    for setting, reason in _contradictions(settings):
        raise _refusal(setting, reason, variables)
    settings.http.host = settings.http.host.strip("[]")
    return settings


def links_stay_here(settings: Settings) -> bool:
    """Whether the server listens for other machines while its links name this one only."""
    return not settings.http.public_url and not _is_loopback(settings.http.host)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def _read(path: Path | None) -> dict[str, Any]:
    if path is None:
        path = Path("config.toml")
        if not path.exists():
            return {}
    try:
        # Some editors begin a file with a byte order mark.
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        reason = f"it is not UTF-8 text (byte {error.start}); save it as UTF-8"
        raise ConfigError(f"{path} is not TOML: {reason}") from error
    except (ValueError, RecursionError) as error:  # also numbers and nesting without end
        raise ConfigError(f"{path} is not TOML: {error}") from error


def _refuse_unknown(values: dict[str, Any]) -> None:
    for section, table in values.items():
        if section not in _SECTIONS:
            raise ConfigError(f"{_shown(section)}: {_unknown(section)}")
        for name in table if isinstance(table, dict) else ():
            if (setting := f"{section}.{name}") not in _FIELDS:
                raise ConfigError(f"{_shown(setting)}: {_unknown(setting)}")


def _take_variables(values: dict[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
    """Puts the environment's settings over the file's; the variables they came from."""
    variables = {}
    for variable, text in environ.items():
        if not variable.startswith("CARNET_") or variable in CLIENT_VARIABLES:
            continue
        setting = variable.removeprefix("CARNET_").lower().replace("__", ".", 1)
        if setting not in _FIELDS:
            raise ConfigError(f"{_shown(variable)}: {_unknown_variable(setting)}")
        section, _, name = setting.partition(".")
        table = values.setdefault(section, {})
        if isinstance(table, dict):
            table[name] = text
            variables[setting] = variable
    return variables


def _unknown(name: str) -> str:
    """What to say of a name in the file that is none."""
    section = name.partition(".")[0]
    if nearest := _nearest(name, () if "." in name else _SECTIONS):
        remedy = f"did you mean {nearest}?"
    elif section in _SECTIONS:
        names = [each.partition(".")[2] for each in _FIELDS if each.startswith(f"{section}.")]
        remedy = f"[{section}] has {', '.join(names)}"
    else:
        remedy = f"there are {', '.join(f'[{known}]' for known in _SECTIONS)}"
    return f"there is no such setting; {remedy}"


def _unknown_variable(name: str) -> str:
    """What to say of a variable that is none, by its name without the prefix."""
    clients = {variable.removeprefix("CARNET_").lower(): variable for variable in CLIENT_VARIABLES}
    # A key, and no more, is the API key, whatever settings have the word in them.
    clients["key"] = clients["api_key"]
    nearest = _nearest(name, clients)
    if nearest is None:
        return "there is no such setting; a setting's variable is CARNET_SECTION__NAME"
    variable = clients.get(nearest) or variable_of(nearest)
    return f"there is no such setting; did you mean {variable}?"


def _nearest(name: str, others: Iterable[str]) -> str | None:
    """The setting, or one of the other names, that is most like a name; None if none is."""
    spelled: dict[str, str] = {}
    for setting in reversed(_FIELDS):
        # "port" alone is like http.port, and "storage_url" like storage.url.
        spelled |= {setting.partition(".")[2]: setting, setting.replace(".", "_"): setting}
    spelled |= {other: other for other in others}
    close = difflib.get_close_matches(re.sub(r"[._]+", "_", name[:100].lower()), spelled, n=1)
    return spelled[close[0]] if close else None


def _texts(values: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (f"{section}.{name}", value)
        for section, table in values.items()
        if isinstance(table, dict)
        for name, value in table.items()
        if isinstance(value, str)
    ]


def _is_clean(text: str) -> bool:
    """Whether a text is free of control characters, and of bytes that were not UTF-8."""
    return not any(unicodedata.category(character) in ("Cc", "Cs") for character in text)


def _explain(message: str) -> tuple[str, str]:
    """msgspec's "reason - at `$.http.port`" as a setting, and what it must be."""
    place = message.rpartition(" - at ")[2]
    setting = re.sub(r"\[.*", "", place.strip("`").removeprefix("$."))
    if setting not in _FIELDS:
        return setting, f"must be a section, [{setting}]"
    (meta,) = _FIELDS[setting].type.__metadata__
    return setting, f"must be {meta.description}"


def _contradictions(settings: Settings) -> Iterator[tuple[str, str]]:
    """Settings that are right by themselves but not beside others, each with the reason."""
    http = settings.http
    if http.max_inflight_bytes < http.max_body_bytes:
        yield (
            "http.max_inflight_bytes",
            f"must be at least http.max_body_bytes, which is {http.max_body_bytes}",
        )
    if "*" in http.cors_origins and len(http.cors_origins) > 1:
        yield "http.cors_origins", "must be * alone, or a list of origins without it"
    oidc, mail = settings.oidc, settings.mail
    if oidc.issuer and not oidc.client_id:
        yield "oidc.client_id", "must be set where oidc.issuer is: the provider has given you one"
    if oidc.client_id and not oidc.issuer:
        yield "oidc.issuer", "must be set where oidc.client_id is"
    if oidc.issuer and links_stay_here(settings):
        yield (
            "http.public_url",
            "must be set where oidc.issuer is, since the provider leads people back there",
        )
    if mail.url and not mail.sender:
        yield "mail.sender", "must be set where mail.url is: e-mail is from somebody"
    if mail.sender and not mail.url:
        yield "mail.url", "must be set where mail.sender is"


def _refusal(setting: str, reason: str, variables: Mapping[str, str]) -> ConfigError:
    origin = f" (from {variables[setting]})" if setting in variables else ""
    return ConfigError(f"{setting}: {reason}{origin}")


def _shown(name: str) -> str:
    """A name as it can be printed in one line."""
    return "".join(c if c.isprintable() else "?" for c in name[:100])
