"""Settings as they are declared, each with its default (contract section 9)."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

MOST: Final = 1_000_000_000
"""The largest count: an INTEGER column and a stored body of either database hold it."""

_PORT = r"(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[0-9]{1,4})"
_LABEL = r"[A-Za-z0-9_-]{1,63}"
_NAME = rf"{_LABEL}(\.{_LABEL})*\.?"
_IPV6 = r"[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]*(%[A-Za-z0-9_.-]+)?"

_LOGIN = r"([^\s/@?#]*@)?"
_HOST = rf"([^\s/:@,?#\[\]]+|\[[0-9a-f:]+\])(:{_PORT})?"
_REDIS = rf"{_LOGIN}{_HOST}(/[0-9]{{0,9}})?"
_REDIS_OPTION = r"(ssl_ca_certs|ssl_certfile|ssl_keyfile|sentinel_username|sentinel_password)"
_REDIS_OPTIONS = rf"(\?{_REDIS_OPTION}=[^\s&#]+(&{_REDIS_OPTION}=[^\s&#]+)*)?"

Count = Annotated[int, Meta(ge=1, le=MOST, description=f"a whole number from 1 to {MOST:,}")]
CountOrNone = Annotated[int, Meta(ge=0, le=MOST, description=f"a whole number from 0 to {MOST:,}")]
Days = Annotated[int, Meta(ge=1, le=36_500, description="a whole number of days from 1 to 36,500")]
Host = Annotated[
    str,
    Meta(
        pattern=rf"^({_NAME}|{_IPV6}|\[{_IPV6}\])\Z",
        description="a host name or an IP address without a port, such as 127.0.0.1 or ::",
    ),
]
Origin = Annotated[
    str,
    # As browsers send it, which leave out the port of the scheme.
    Meta(
        pattern=r"^(\*|(?!http:.*:80\Z|https:.*:443\Z)"
        rf"https?://([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:{_PORT})?)\Z"
    ),
]


class Http(msgspec.Struct, forbid_unknown_fields=True):
    """Where and how the server listens."""

    host: Host = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="a port from 0 (any) to 65535")] = 8080
    socket: Annotated[
        str, Meta(max_length=100, description="a path of at most 100 characters, or empty")
    ] = ""
    processes: Annotated[int, Meta(ge=1, le=1000, description="a whole number from 1 to 1,000")] = 1
    max_body_bytes: Count = 32 * 1024 * 1024
    max_inflight_bytes: Annotated[
        int, Meta(ge=1, le=2**40, description="a number of bytes from 1 to 1,099,511,627,776")
    ] = 128 * 1024 * 1024
    trusted_proxies: Annotated[
        int, Meta(ge=0, le=100, description="a whole number from 0 to 100")
    ] = 0
    max_connections_per_address: CountOrNone = 4_000
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
    read_url: Annotated[
        str,
        Meta(
            pattern=r"^((?!.*%00)postgres(ql)?://.+)?\Z",
            description="postgresql://user:pass@host/db of a standby; or empty",
        ),
    ] = ""


class Queue(msgspec.Struct, forbid_unknown_fields=True):
    """Where jobs are announced; empty: to a worker of the server's own."""

    url: Annotated[
        str,
        Meta(
            pattern=rf"^(((redis|valkey)://{_REDIS}|(redis|valkey)s://{_REDIS}{_REDIS_OPTIONS}"
            rf"|unix://{_LOGIN}/[^\s?#]+(\?db=[0-9]{{1,9}})?"
            rf"|(redis|valkey)s?\+sentinel://{_LOGIN}{_HOST}(,{_HOST})*/[^\s/?#]+(/[0-9]{{0,9}})?"
            rf"{_REDIS_OPTIONS}))?\Z",
            description="redis://user:password@host:6379/0, rediss:// for TLS,"
            " unix:///path?db=0 or redis+sentinel://host:26379,host:26379/service/0, with @ / : in"
            " a password percent-encoded; or empty for a worker of the server's own",
        ),
    ] = ""


class Limits(msgspec.Struct, forbid_unknown_fields=True):
    """Requests per minute, per key, per client address and per session."""

    requests_per_minute: Count = 60
    shared_requests_per_minute: Count = 60
    session_requests_per_minute: Count = 600
    wrong_keys_per_minute: Count = 600


class Imports(msgspec.Struct, forbid_unknown_fields=True):
    """How large a sync may be, and when it goes through the queue."""

    inline_items: CountOrNone = 200
    wait_seconds: Annotated[
        float, Meta(ge=0, le=24 * 60 * 60, description="a number of seconds from 0 to 86,400")
    ] = 30
    max_items: Count = 50_000


class History(msgspec.Struct, forbid_unknown_fields=True):
    """How long it is remembered what changed."""

    days: Days = 90


class Retention(msgspec.Struct, forbid_unknown_fields=True):
    """How long is kept what is of no use any more."""

    jobs_days: Days = 7
    idempotency_hours: Annotated[
        int, Meta(ge=24, le=24 * 365, description="a whole number of hours from 24 to 8,760")
    ] = 24
    deliveries_days: Days = 30
    # Browsers keep a cookie for 400 days at most (RFC 6265bis).
    sessions_days: Annotated[
        int, Meta(ge=1, le=400, description="a whole number of days from 1 to 400")
    ] = 30


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


class Metrics(msgspec.Struct, forbid_unknown_fields=True):
    """Where Prometheus asks for metrics; port 0: nowhere."""

    host: Host = "127.0.0.1"
    port: Annotated[
        int, Meta(ge=0, le=65535, description="a port from 1 to 65535, or 0 for none")
    ] = 0


class Tracing(msgspec.Struct, forbid_unknown_fields=True):
    """Where traces go."""

    endpoint: Annotated[
        str,
        Meta(
            pattern=rf"^(https?://([^\s\\/?#@:\[\]]+|\[{_IPV6}\])(:{_PORT})?(/[^\s\\?#]*)?)?\Z",
            description="where OTLP is taken over HTTP, such as http://127.0.0.1:4318/v1/traces, or"
            " empty",
        ),
    ] = ""
    ratio: Annotated[float, Meta(ge=0, le=1, description="a number from 0 to 1")] = 1.0


class Log(msgspec.Struct, forbid_unknown_fields=True):
    """What is logged, and how."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="debug, info, warning or error"),
    ] = "info"
    format: Annotated[
        Literal["json", "console", ""], Meta(description="json, console or empty")
    ] = ""
    secrets_to: Annotated[
        str, Meta(max_length=4_096, description="a path of at most 4,096 characters, or empty")
    ] = ""


class Settings(msgspec.Struct, forbid_unknown_fields=True):
    """All settings, each with its default."""

    http: Http = msgspec.field(default_factory=Http)
    storage: Storage = msgspec.field(default_factory=Storage)
    queue: Queue = msgspec.field(default_factory=Queue)
    limits: Limits = msgspec.field(default_factory=Limits)
    imports: Imports = msgspec.field(default_factory=Imports)
    history: History = msgspec.field(default_factory=History)
    retention: Retention = msgspec.field(default_factory=Retention)
    events: Events = msgspec.field(default_factory=Events)
    webhooks: Webhooks = msgspec.field(default_factory=Webhooks)
    oidc: Oidc = msgspec.field(default_factory=Oidc)
    mail: Mail = msgspec.field(default_factory=Mail)
    metrics: Metrics = msgspec.field(default_factory=Metrics)
    tracing: Tracing = msgspec.field(default_factory=Tracing)
    log: Log = msgspec.field(default_factory=Log)
