"""Settings: files, environment, and one line that names what is wrong (contract section 9)."""

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from runtime.configuration import ConfigError, load_settings
from runtime.contradictions import links_stay_here
from runtime.setting_names import variable_of
from runtime.settings import MOST, Log, Settings
from tests.runtime import declared

ROOT = Path(__file__).parent.parent.parent

CONTRACT = {
    "http.host": "127.0.0.1",
    "http.port": 8080,
    "http.processes": 1,
    "http.max_body_bytes": 33554432,
    "http.max_inflight_bytes": 134217728,
    "http.trusted_proxies": 0,
    "http.public_url": "",
    "http.cors_origins": [],
    "storage.url": "sqlite:///data/carnet.db",
    "queue.url": "",
    "limits.requests_per_minute": 60,
    "limits.shared_requests_per_minute": 60,
    "imports.inline_items": 200,
    "imports.wait_seconds": 30,
    "imports.max_items": 50000,
    "history.days": 90,
    "webhooks.allow_private": False,
    "log.level": "info",
    "log.format": "",
}
"""The defaults that are promised."""
DEFAULTS = {
    name: msgspec.json.decode(msgspec.json.encode(field.default))
    for name, field in declared.FIELDS.items()
}

OTHERS: dict[str, list[Any]] = {
    "http.host": ["localhost", "::1", "::", "0.0.0.0", "fe80::1%eth0", "trips.example.org"],  # noqa: S104
    "http.port": [0, 65535],
    "http.socket": ["/run/carnet/carnet.sock", "data/socket"],
    "http.processes": [4],
    "http.max_body_bytes": [1],
    "http.max_inflight_bytes": [33554432, 2**40],
    "http.trusted_proxies": [2],
    "http.public_url": [
        *("https://trips.example.org", "http://localhost:9000/", "http://[::1]:80"),
        *("https://example.org/trips", "https://example.org/a/b/", "http://10.0.0.1:65535"),
    ],
    "http.cors_origins": [
        ["*"],
        ["https://app.example.org"],
        ["http://localhost:5173", "https://10.0.0.1:8443", "http://[::1]:3000"],
    ],
    "storage.url": ["sqlite:////var/lib/carnet.db", "postgresql://u:p@db/carnet"],
    "storage.read_url": ["postgresql://u:p@standby/carnet", "postgres://a,b/carnet"],
    "queue.url": [
        "redis://localhost:6379/0",
        "rediss://user:p%40ss@cache.example.org",
        "redis://:secret@[::1]:6379/1",
        "redis://10.0.0.1/",
        "valkey://cache:6379/2",
        "valkeys://u:p@cache/0?ssl_ca_certs=/etc/ssl/ca.pem",
        "rediss://cache?ssl_ca_certs=/ca.pem&ssl_certfile=/c.pem&ssl_keyfile=/k.pem",
        "unix:///run/valkey/valkey.sock?db=1",
        "unix://:secret@/run/valkey.sock",
        "redis+sentinel://:secret@a:26379,b,[::1]:26381/trips/0?sentinel_password=p%40ss",
        "rediss+sentinel://a/trips?ssl_ca_certs=/ca.pem",
    ],
    "limits.requests_per_minute": [1, 100000],
    "limits.shared_requests_per_minute": [7],
    "imports.inline_items": [0, 5],
    "imports.wait_seconds": [0, 0.5],
    "imports.max_items": [1, MOST],
    "history.days": [1, 36500],
    "retention.idempotency_hours": [48, 168],
    "log.level": ["debug", "warning", "error"],
    "log.format": ["json", "console"],
}
"""Values each setting may have beside its default."""
OTHERS |= {
    "oidc.issuer": [
        *("https://id.example.org", "https://example.org:8443/realms/home/"),
        *("http://localhost:9000", "http://127.0.0.1/x"),
    ],
    "oidc.client_id": ["carnet", "a b"],
    "oidc.scopes": ["openid", "groups openid email"],
    "mail.url": [
        *("smtp://mail.example.org", "smtps://u:p%40ss@mail.example.org:465", "smtp://[::1]:25"),
    ],
    "mail.sender": ["carnet@example.org"],
}
OTHERS |= {name: declared.others(name) for name in DEFAULTS.keys() - OTHERS.keys()}

WRONG: dict[str, list[Any]] = {
    "http.host": [
        *("", 1, True, "127.0.0.1:8080", "localhost:80", "http://localhost", "a b", "a\0b"),
        *("x" * 64, "a..b", "[::1]:80", "*"),
    ],
    "http.port": [-1, 65536, "x", "", 1.5, True, "80 80"],
    "http.processes": [0, -1, "many", 1.5, 1001, 2**63],
    "http.max_body_bytes": [0, "32 MiB", MOST + 1, "9" * 30],
    "http.max_inflight_bytes": [0, 33554431, "33554431", 2**40 + 1, "128 MiB"],
    "http.trusted_proxies": [-1, "all", 101],
    "http.public_url": [
        *("trips.example.org", "ftp://x", "https://", "https://a b", 1, "https:///path"),
        *(
            "https://a/?b=c",
            "https://a?",
            "https://a/#b",
            "https://a#",
            "https://u:p@a",
            "https://?",
        ),
        *("https://a:99999", "https://a:b", "https://[::1", "https://a\n", "https://a/\0"),
    ],
    "http.cors_origins": [
        *("https://app.example.org/", "app.example.org", "https://a.org/path", "https://A.org"),
        *(
            "https://a.org:443",
            "http://a.org:80",
            "https://a.org, b",
            "ftp://a.org",
            "null",
            "https://",
        ),
        *(
            "*, https://a.org",
            "https://a.org:99999",
            "https://a.org?b",
            1,
            [1],
            ["*", "https://a.org"],
        ),
    ],
    "storage.url": [
        "",
        1,
        "carnet.db",
        "sqlite://x",
        "sqlite:///",
        "mysql://db/x",
        "postgresql://",
        "sqlite:///a%00b",
        "sqlite:///a\0b",
    ],
    "queue.url": [
        *(1, False, "nonsense", "redis://", "redis://host:abc", "redis://host/x", "http://host"),
        *("redis://host:6379/0\n", "redis:// host", "redis://host:99999", "redis://:p@ss@host"),
        *(
            "redis://:p/w@host",
            "redis://host?ssl_ca_certs=/x",
            "rediss://host?ssl_check_hostname=0",
        ),
        *(
            "unix://run/x.sock",
            "redis+sentinel://a:26379",
            "redis+sentinel://a,/x",
            "unix:///x?y=1",
        ),
    ],
    "limits.requests_per_minute": [0, -5, "none", MOST + 1, 2**64],
    "limits.shared_requests_per_minute": [0, "x"],
    "imports.inline_items": [-1, "x", 0.5],
    "imports.wait_seconds": [-1, "soon", float("nan"), float("inf"), 1e9],
    "imports.max_items": [0, "x", MOST + 1],
    "history.days": [0, -1, "x", 0.5, 36501, ""],
    "log.level": ["loud", "INFO", "", 1],
    "log.format": ["xml", 1],
}
WRONG |= {
    "oidc.issuer": [
        *("id.example.org", "http://id.example.org", "https://", "https://a?b", "https://a/#b", 1),
        *("https://u:p@a", "https://a b", "http://localhost.example.org"),
    ],
    "oidc.client_id": [1, "x" * 1_001],
    "oidc.client_secret": [1, "x" * 1_001],
    "oidc.name": ["", 1, "x" * 41],
    "oidc.scopes": ["", "email", "openidx", "openid  email", " openid", 1],
    "mail.url": ["mail.example.org", "http://a", "smtp://u@a", "smtp://a/b", "smtps://a:99999", 1],
    "mail.sender": ["carnet", "a@b@c", "Carnet <a@b>", "a@b\nBcc: c@d", 1],
}
WRONG |= {name: declared.wrong(name) for name in DEFAULTS.keys() - WRONG.keys()}

NEEDED: dict[str, dict[str, str]] = {
    "http.processes": {"queue.url": "redis://localhost:6379/0"},
    "storage.read_url": {"storage.url": "postgresql://u:p@primary/carnet"},
    "oidc.issuer": {"oidc.client_id": "carnet"},
    "oidc.client_id": {"oidc.issuer": "https://id.example.org"},
    "mail.url": {"mail.sender": "carnet@example.org"},
    "mail.sender": {"mail.url": "smtp://mail.example.org"},
}
"""What a setting is refused without."""


def flat(settings: Settings) -> dict[str, Any]:
    built = msgspec.json.decode(msgspec.json.encode(settings))
    return {f"{s}.{name}": value for s, table in built.items() for name, value in table.items()}


def toml(**values: Any) -> str:
    """Settings as lines, by their names with dots."""
    # JSON and TOML agree on these, but for floats: JSON has neither nan nor inf.
    texts = {
        setting: repr(value) if isinstance(value, float) else msgspec.json.encode(value).decode()
        for setting, value in values.items()
    }
    return "".join(f"{setting} = {text}\n" for setting, text in texts.items())


def in_environment(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "some.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refusal(path: Path | None, environ: dict[str, str] | None = None) -> str:
    """The text of a refusal, which is one line."""
    with pytest.raises(ConfigError) as caught:
        load_settings(path, environ or {})
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 300
    return text


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory without a config.toml."""
    monkeypatch.chdir(tmp_path)


def test_the_defaults_are_those_of_the_contract():
    assert DEFAULTS | CONTRACT == DEFAULTS
    assert flat(load_settings(None, {})) == flat(Settings()) == DEFAULTS


def test_the_projects_file_is_the_documented_default():
    text = (ROOT / "config.toml").read_text()
    tables = tomllib.loads(text)
    named = {f"{section}.{name}" for section, table in tables.items() for name in table}
    assert named == set(DEFAULTS)
    assert flat(load_settings(ROOT / "config.toml", {})) == DEFAULTS


def test_the_projects_file_says_what_each_setting_is_for():
    lines = (ROOT / "config.toml").read_text().splitlines()
    for number, line in enumerate(lines):
        if re.match(r"\w+ =", line):
            assert lines[number - 1].startswith("# "), line


@pytest.mark.parametrize("setting", DEFAULTS)
def test_a_setting_from_a_file(tmp_path, setting):
    needed = NEEDED.get(setting, {})
    for value in OTHERS[setting]:
        loaded = load_settings(write(tmp_path, toml(**{setting: value, **needed})), {})
        assert flat(loaded) == {**DEFAULTS, **needed, setting: value}


@pytest.mark.parametrize("setting", DEFAULTS)
def test_a_setting_from_the_environment(setting):
    needed = NEEDED.get(setting, {})
    for value in OTHERS[setting]:
        given = {**needed, setting: value}
        environ = {variable_of(name): in_environment(each) for name, each in given.items()}
        assert flat(load_settings(None, environ)) == {**DEFAULTS, **given}


@pytest.mark.parametrize("setting", DEFAULTS)
def test_a_wrong_setting_of_a_file_is_named(tmp_path, setting):
    for value in WRONG[setting]:
        text = refusal(write(tmp_path, toml(**{setting: value})))
        assert text.startswith(f"{setting}: "), text


@pytest.mark.parametrize("setting", DEFAULTS)
def test_a_wrong_setting_of_the_environment_is_named_with_its_variable_of(setting):
    name = variable_of(setting)
    for value in WRONG[setting]:
        if isinstance(value, str):
            text = refusal(None, {name: value})
            assert text.startswith(f"{setting}: ")
            assert f"(from {name})" in text


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[http]\nprot = 1", "http.prot"),
        ("[htp]\nport = 1", "htp"),
        ("port = 1", "port"),
        ('[http]\n"" = 1', "http."),
        ("[http.port]\na = 1", "http.port"),
        ("http = 1", "http"),
        ("[[http]]\nport = 1", "http"),
        ("[log]\nlevel.a = 1", "log.level"),
        ("[storage]\nurl = 2026-01-01", "storage.url"),
    ],
)
def test_what_is_no_setting_is_named(tmp_path, text, named):
    assert refusal(write(tmp_path, text)).startswith(f"{named}: ")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("CARNET_STORAGE_URL", "CARNET_STORAGE__URL"),
        ("CARNET_HTTP_PORT", "CARNET_HTTP__PORT"),
        ("CARNET_HTTP_MAX_BODY_BYTES", "CARNET_HTTP__MAX_BODY_BYTES"),
        ("CARNET_HTTP__PROT", "CARNET_HTTP__PORT"),
        ("CARNET_HTP__PORT", "CARNET_HTTP__PORT"),
        ("CARNET_HTTP__PORT__X", "CARNET_HTTP__PORT"),
        ("CARNET_PORT", "CARNET_HTTP__PORT"),
        ("CARNET_CORS_ORIGINS", "CARNET_HTTP__CORS_ORIGINS"),
        ("CARNET_LOG_LEVEL", "CARNET_LOG__LEVEL"),
        ("CARNET_KEY", "CARNET_API_KEY"),
        ("CARNET_URI", "CARNET_URL"),
    ],
)
def test_a_variable_that_is_no_setting_is_refused_with_the_nearest(name, nearest):
    for text in ("1", ""):
        assert refusal(None, {name: text}) == (
            f"{name}: there is no such setting; did you mean {nearest}?"
        )


@pytest.mark.parametrize("name", ["CARNET_NONSENSE", "CARNET_", "CARNET_\udcff", "CARNET_\n" * 90])
def test_a_variable_that_is_like_none_is_told_how_they_are_made(name):
    assert "CARNET_SECTION__NAME" in refusal(None, {name: "1"})


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("[http]\nprot = 1", "did you mean http.port?"),
        ("[htp]\nport = 1", "did you mean http?"),
        ("port = 1", "did you mean http.port?"),
        ("[http]\nlevel = 'info'", "did you mean log.level?"),
        ("[log]\nnonsense = 1", f"[log] has {', '.join(Log.__struct_fields__)}"),
        ("[nonsense]\nx = 1", ", ".join(f"[{name}]" for name in Settings.__struct_fields__)),
        ("http = 1", "must be a section, [http]"),
    ],
)
def test_a_name_in_the_file_that_is_none_is_told_with_what_there_is(tmp_path, text, remedy):
    assert refusal(write(tmp_path, text)).endswith(remedy)


@pytest.mark.parametrize("setting", DEFAULTS)
def test_a_wrong_value_is_told_with_what_it_must_be(tmp_path, setting):
    for value in WRONG[setting]:
        text = refusal(write(tmp_path, toml(**{setting: value})))
        assert " must be " in text
        assert "regex" not in text
        assert "`" not in text


def test_a_wrong_url_with_a_password_is_not_repeated():
    url = {"CARNET_STORAGE__URL": "postgres//u:hunter2@db/x", "CARNET_QUEUE__URL": "x:hunter2@y"}
    for name, text in url.items():
        assert "hunter2" not in refusal(None, {name: text})


def test_other_variables_are_none_of_our_business():
    others = {"PATH": "/bin", "HTTP__PORT": "1", "XCARNET_HTTP__PORT": "1", "CARNET": "\udcff"}
    clients = {"CARNET_URL": "http://localhost:8080/api/v1", "CARNET_API_KEY": "osk_x"}
    assert flat(load_settings(None, others | clients)) == DEFAULTS


def test_a_variable_that_is_not_utf_8_is_named():
    text = refusal(None, {"CARNET_STORAGE__URL": "sqlite:///\udcff.db"})
    assert text.startswith("storage.url: must be UTF-8 text")
    assert text.endswith("(from CARNET_STORAGE__URL)")


@pytest.mark.parametrize("host", ["[::]", "[::1]"])
def test_an_ipv6_address_may_be_in_brackets(host):
    assert load_settings(None, {"CARNET_HTTP__HOST": host}).http.host == host[1:-1]


@pytest.mark.parametrize("text", ["https://a.org,https://b.org", " https://a.org , https://b.org,"])
def test_origins_are_separated_by_commas(tmp_path, text):
    origins = ("https://a.org", "https://b.org")
    in_file = write(tmp_path, toml(**{"http.cors_origins": text}))
    assert load_settings(None, {"CARNET_HTTP__CORS_ORIGINS": text}).http.cors_origins == origins
    assert load_settings(in_file, {}).http.cors_origins == origins
    assert load_settings(in_file, {"CARNET_HTTP__CORS_ORIGINS": ""}).http.cors_origins == ()


def test_the_bodies_in_flight_hold_the_largest_body():
    wanted = {"CARNET_HTTP__MAX_BODY_BYTES": "200000000"}
    text = refusal(None, wanted)
    assert text.startswith("http.max_inflight_bytes: must be at least http.max_body_bytes")
    assert "200000000" in text
    load_settings(None, wanted | {"CARNET_HTTP__MAX_INFLIGHT_BYTES": "200000000"})


def test_answers_are_kept_no_longer_than_the_jobs_they_come_from():
    wanted = {"CARNET_RETENTION__IDEMPOTENCY_HOURS": "49", "CARNET_RETENTION__JOBS_DAYS": "2"}
    text = refusal(None, wanted)
    assert text.startswith("retention.idempotency_hours: must be at most 48, the hours of")
    load_settings(None, wanted | {"CARNET_RETENTION__JOBS_DAYS": "3"})


@pytest.mark.parametrize(("setting", "other"), [(s, o) for s, n in NEEDED.items() for o in n])
def test_a_setting_that_needs_another_names_it(setting, other):
    for value in OTHERS[setting]:
        text = refusal(None, {variable_of(setting): value})
        assert text.startswith(f"{other}: must be set where {setting} is")


def test_a_provider_needs_an_address_to_lead_back_to():
    variables = {
        "CARNET_OIDC__ISSUER": "https://id.example.org",
        "CARNET_OIDC__CLIENT_ID": "carnet",
        "CARNET_HTTP__HOST": "192.168.1.5",
    }
    assert refusal(None, variables).startswith("http.public_url: must be set where oidc.issuer is")
    load_settings(None, variables | {"CARNET_HTTP__PUBLIC_URL": "https://trips.example.org"})


@pytest.mark.parametrize(
    ("host", "public_url", "here"),
    [
        ("127.0.0.1", "", False),
        ("127.1.2.3", "", False),
        ("::1", "", False),
        ("localhost", "", False),
        ("0.0.0.0", "", True),  # noqa: S104 - told, not bound
        ("::", "", True),
        ("[::]", "", True),
        ("192.168.1.5", "", True),
        ("trips.example.org", "", True),
        ("0.0.0.0", "https://trips.example.org", False),  # noqa: S104
    ],
)
def test_whether_links_stay_on_this_machine(host, public_url, here):
    variables = {"CARNET_HTTP__HOST": host, "CARNET_HTTP__PUBLIC_URL": public_url}
    assert links_stay_here(load_settings(None, variables)) is here


def test_the_environment_is_stronger_than_the_file(tmp_path):
    path = write(tmp_path, '[http]\nport = 1\nhost = "::1"\n[limits]\nrequests_per_minute = 5\n')
    loaded = load_settings(path, {"CARNET_HTTP__PORT": "2", "CARNET_LOG__LEVEL": "error"})
    assert (loaded.http.port, loaded.http.host) == (2, "::1")
    assert (loaded.limits.requests_per_minute, loaded.log.level) == (5, "error")


def test_a_wrong_setting_may_be_overridden(tmp_path):
    path = write(tmp_path, "[http]\nport = -1\n")
    assert load_settings(path, {"CARNET_HTTP__PORT": "2"}).http.port == 2


def test_the_file_of_the_working_directory_is_read_unless_another_is_named(tmp_path):
    (tmp_path / "config.toml").write_text("[http]\nport = 1\n[log]\nlevel = 'error'\n")
    assert load_settings(None, {}).http.port == 1
    named = load_settings(write(tmp_path, "[http]\nport = 2\n"), {})
    assert (named.http.port, named.log.level) == (2, "info")


def test_the_environment_is_that_of_the_process(monkeypatch):
    monkeypatch.setenv("CARNET_HTTP__PORT", "4711")
    assert load_settings(None).http.port == 4711


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    for path in (tmp_path / "missing.toml", tmp_path, tmp_path / "a" / "b"):
        assert refusal(path).startswith(f"cannot read {path}: ")
    (tmp_path / "config.toml").mkdir()
    assert refusal(None).startswith("cannot read config.toml: ")


@pytest.mark.parametrize(
    "text",
    [
        "[http",
        "port",
        "{}",
        "[http]\nport = 1\nport = 2",
        "[http]\n[http]",
        b"\xff\xfe",
        "a = \x00",
        "[http]\nport = 08",
        "[http]\nport = " + "9" * 5000,
        "a = " + "[" * 5000,
    ],
)
def test_a_file_that_is_not_toml_is_named(tmp_path, text):
    path = write(tmp_path, text)
    assert refusal(path).startswith(f"{path} is not TOML: ")


def test_a_file_that_is_not_utf_8_is_told_how_to_mend_it(tmp_path):
    text = refusal(write(tmp_path, "[log]\nlevel = 'é'".encode("latin-1")))
    assert "not UTF-8 text (byte 15); save it as UTF-8" in text


def test_a_byte_order_mark_before_the_file_is_skipped(tmp_path):
    path = write(tmp_path, b"\xef\xbb\xbf[http]\nport = 1\n")
    assert load_settings(path, {}).http.port == 1
