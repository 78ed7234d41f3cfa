"""Settings: which values each may have, and one line that names what is wrong (section 9)."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from runtime.configuration import load_settings
from runtime.setting_names import variable_of
from runtime.settings import MOST, Settings
from tests.runtime import declared
from tests.runtime.loading import DEFAULTS, flat, in_environment, refusal, toml, write

pytestmark = pytest.mark.usefixtures("elsewhere")

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
        *("x" * 64, "a..b", "[::1]:80", "*", "/run/carnet.sock"),
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


@pytest.mark.parametrize(("setting", "other"), [(s, o) for s, n in NEEDED.items() for o in n])
def test_a_setting_that_needs_another_names_it(setting, other):
    for value in OTHERS[setting]:
        text = refusal(None, {variable_of(setting): value})
        assert text.startswith(f"{other}: must be set where {setting} is")
