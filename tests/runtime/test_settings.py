"""Settings: files, environment, and one line that names what is wrong (contract section 9)."""

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from runtime.settings import ConfigError, Settings, load

ROOT = Path(__file__).parent.parent.parent

DEFAULTS = {
    "http.host": "127.0.0.1",
    "http.port": 8080,
    "http.processes": 1,
    "http.max_body_bytes": 33554432,
    "http.trusted_proxies": 0,
    "http.public_url": "",
    "storage.url": "sqlite:///data/carnet.db",
    "queue.url": "",
    "limits.requests_per_minute": 60,
    "limits.shared_requests_per_minute": 60,
    "imports.inline_items": 200,
    "imports.wait_seconds": 30,
    "imports.max_items": 50000,
    "log.level": "info",
    "log.format": "",
}

OTHERS: dict[str, list[Any]] = {
    "http.host": ["localhost", "::1"],
    "http.port": [0, 65535],
    "http.processes": [4],
    "http.max_body_bytes": [1],
    "http.trusted_proxies": [2],
    "http.public_url": ["https://trips.example.org", "http://localhost:9000/"],
    "storage.url": ["sqlite:////var/lib/carnet.db", "postgresql://u:p@db/carnet"],
    "queue.url": [
        "redis://localhost:6379/0",
        "rediss://user:p%40ss@cache.example.org",
        "redis://:secret@[::1]:6379/1",
        "redis://10.0.0.1/",
    ],
    "limits.requests_per_minute": [1, 100000],
    "limits.shared_requests_per_minute": [7],
    "imports.inline_items": [0, 5],
    "imports.wait_seconds": [0, 0.5],
    "imports.max_items": [1],
    "log.level": ["debug", "warning", "error"],
    "log.format": ["json", "console"],
}
"""Values each setting may have beside its default."""

WRONG: dict[str, list[Any]] = {
    "http.host": ["", 1, True],
    "http.port": [-1, 65536, "x", "", 1.5, True, "80 80"],
    "http.processes": [0, -1, "many", 1.5],
    "http.max_body_bytes": [0, "32 MiB"],
    "http.trusted_proxies": [-1, "all"],
    "http.public_url": ["trips.example.org", "ftp://x", "https://", "https://a b", 1],
    "storage.url": [
        "",
        1,
        "carnet.db",
        "sqlite://x",
        "sqlite:///",
        "mysql://db/x",
        "postgresql://",
    ],
    "queue.url": [
        *(1, False, "nonsense", "redis://", "redis://host:abc", "redis://host/x", "http://host"),
        *("redis://host:6379/0\n", "redis:// host"),
    ],
    "limits.requests_per_minute": [0, -5, "none"],
    "limits.shared_requests_per_minute": [0, "x"],
    "imports.inline_items": [-1, "x", 0.5],
    "imports.wait_seconds": [-1, "soon", float("nan"), float("inf"), 1e9],
    "imports.max_items": [0, "x"],
    "log.level": ["loud", "INFO", "", 1],
    "log.format": ["xml", 1],
}


def flat(settings: Settings) -> dict[str, Any]:
    built = msgspec.to_builtins(settings)
    return {f"{s}.{name}": value for s, table in built.items() for name, value in table.items()}


def toml(setting: str, value: Any) -> str:
    section, name = setting.split(".")
    # JSON and TOML agree on these, but for floats: JSON has neither nan nor inf.
    text = repr(value) if isinstance(value, float) else msgspec.json.encode(value).decode()
    return f"[{section}]\n{name} = {text}\n"


def variable(setting: str) -> str:
    return f"CARNET_{setting.upper().replace('.', '__')}"


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "some.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refusal(path: Path | None, environ: dict[str, str] | None = None) -> str:
    """The text of a refusal, which is one line."""
    with pytest.raises(ConfigError) as caught:
        load(path, environ or {})
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 300
    return text


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory without a config.toml."""
    monkeypatch.chdir(tmp_path)


def test_the_defaults_are_those_of_the_contract():
    assert flat(load(None, {})) == DEFAULTS
    assert flat(Settings()) == DEFAULTS


def test_the_projects_file_is_the_documented_default():
    text = (ROOT / "config.toml").read_text()
    tables = tomllib.loads(text)
    named = {f"{section}.{name}" for section, table in tables.items() for name in table}
    assert named == set(DEFAULTS)
    assert flat(load(ROOT / "config.toml", {})) == DEFAULTS


def test_the_projects_file_says_what_each_setting_is_for():
    lines = (ROOT / "config.toml").read_text().splitlines()
    for number, line in enumerate(lines):
        if re.match(r"\w+ =", line):
            assert lines[number - 1].startswith("# "), line


def test_every_setting_has_other_and_wrong_values_here():
    assert set(OTHERS) == set(WRONG) == set(DEFAULTS) == set(flat(Settings()))


@pytest.mark.parametrize("setting", DEFAULTS)
def test_a_setting_from_a_file(tmp_path, setting):
    for value in OTHERS[setting]:
        loaded = load(write(tmp_path, toml(setting, value)), {})
        assert flat(loaded) == {**DEFAULTS, setting: value}


@pytest.mark.parametrize("setting", DEFAULTS)
def test_a_setting_from_the_environment(setting):
    for value in OTHERS[setting]:
        assert flat(load(None, {variable(setting): str(value)})) == {**DEFAULTS, setting: value}


@pytest.mark.parametrize("setting", DEFAULTS)
def test_a_wrong_setting_of_a_file_is_named(tmp_path, setting):
    for value in WRONG[setting]:
        text = refusal(write(tmp_path, toml(setting, value)))
        assert text.startswith(f"{setting}: "), text


@pytest.mark.parametrize("setting", DEFAULTS)
def test_a_wrong_setting_of_the_environment_is_named_with_its_variable(setting):
    name = variable(setting)
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
    ("name", "named"),
    [
        ("CARNET_HTTP__PROT", "http.prot"),
        ("CARNET_HTP__PORT", "htp"),
        ("CARNET_HTTP__PORT__X", "http.port__x"),
        ("CARNET_HTTP__", "http."),
    ],
)
def test_a_variable_that_is_no_setting_is_named(name, named):
    text = refusal(None, {name: "1"})
    assert text.startswith(f"{named}: there is no such setting")
    assert text.endswith(f"(from {name})")


def test_other_variables_are_none_of_our_business():
    others = {"PATH": "/bin", "CARNET_KEY": "osk_x", "HTTP__PORT": "1", "XCARNET_HTTP__PORT": "1"}
    assert flat(load(None, others)) == DEFAULTS


def test_the_environment_is_stronger_than_the_file(tmp_path):
    path = write(tmp_path, '[http]\nport = 1\nhost = "::1"\n[limits]\nrequests_per_minute = 5\n')
    loaded = load(path, {"CARNET_HTTP__PORT": "2", "CARNET_LOG__LEVEL": "error"})
    assert (loaded.http.port, loaded.http.host) == (2, "::1")
    assert (loaded.limits.requests_per_minute, loaded.log.level) == (5, "error")


def test_a_wrong_setting_may_be_overridden(tmp_path):
    path = write(tmp_path, "[http]\nport = -1\n")
    assert load(path, {"CARNET_HTTP__PORT": "2"}).http.port == 2


def test_the_file_of_the_working_directory_is_read_unless_another_is_named(tmp_path):
    (tmp_path / "config.toml").write_text("[http]\nport = 1\n[log]\nlevel = 'error'\n")
    assert load(None, {}).http.port == 1
    named = load(write(tmp_path, "[http]\nport = 2\n"), {})
    assert (named.http.port, named.log.level) == (2, "info")


def test_the_environment_is_that_of_the_process(monkeypatch):
    monkeypatch.setenv("CARNET_HTTP__PORT", "4711")
    assert load(None).http.port == 4711


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
    ],
)
def test_a_file_that_is_not_toml_is_named(tmp_path, text):
    path = write(tmp_path, text)
    assert refusal(path).startswith(f"{path} is not TOML: ")
