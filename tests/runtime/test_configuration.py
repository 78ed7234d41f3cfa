"""Settings together: all that is wrong told at once, and values in files (contract section 8)."""

from pathlib import Path

import pytest

from runtime.configuration import ConfigError, load_settings
from runtime.setting_names import FIELDS, variable_of

PASSWORD = "hunter2"
URL = f"postgresql://carnet:{PASSWORD}@db/carnet"


def refusals(path: Path | None, environ: dict[str, str]) -> list[str]:
    """The lines of a refusal."""
    with pytest.raises(ConfigError) as caught:
        load_settings(path, environ)
    assert all("\n" not in line and len(line) < 300 for line in caught.value.lines)
    return list(caught.value.lines)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory without a config.toml."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file with a secret, as `echo` makes one."""
    path = tmp_path / "secret"
    path.write_text(f"{URL}\n")
    return path


def test_all_that_is_wrong_in_file_and_environment_is_told_at_once(tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text(
        'port = 1\n[http]\nport = "30s"\nprot = 1\n[log]\nlevel = "INFO"\n[htp]\na = 1\n'
    )
    environ = {
        "CARNET_HTTP__MAX_BODY_BYTES": "32MB",
        "CARNET_HTTP__HOST": "10.0.0.0/8",
        "CARNET_HTTP_PORT": "1",
        "CARNET_MAIL__SENDER": "carnet@example.org",
    }
    assert refusals(path, environ) == [
        "port: there is no such setting; did you mean http.port?",
        "http.prot: there is no such setting; did you mean http.port?",
        "htp: there is no such setting; did you mean http?",
        "CARNET_HTTP_PORT: there is no such setting; did you mean CARNET_HTTP__PORT?",
        "http.port: must be a port from 0 (any) to 65535",
        "log.level: must be debug, info, warning or error",
        "http.max_body_bytes: must be a whole number from 1 to 1,000,000,000"
        " (from CARNET_HTTP__MAX_BODY_BYTES)",
        "http.host: must be a host name or an IP address without a port, such as 127.0.0.1 or ::"
        " (from CARNET_HTTP__HOST)",
        "mail.url: must be set where mail.sender is",
    ]


def test_what_a_variable_replaces_is_not_told(tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text('[http]\nport = "eighty"\n')
    assert load_settings(path, {"CARNET_HTTP__PORT": "80"}).http.port == 80


def test_a_setting_is_told_once(tmp_path):
    environ = {"CARNET_MAIL__URL": "nonsense", "CARNET_MAIL__SENDER": "carnet@example.org"}
    (line,) = refusals(None, environ)
    assert line.startswith("mail.url: must be smtps://")


def test_a_value_comes_from_the_file_that_a_variable_names(secret):
    assert load_settings(None, {"CARNET_STORAGE__URL_FILE": str(secret)}).storage.url == URL


@pytest.mark.parametrize("setting", FIELDS)
def test_every_setting_may_be_in_a_file(tmp_path, setting):
    path = tmp_path / "value"
    path.write_bytes(b"nonsense of which nothing can be\x01made\r\n")
    environ = {f"{variable_of(setting)}_FILE": str(path)}
    (line,) = refusals(None, environ)
    assert line == (
        f"{setting}: must be UTF-8 text without control characters"
        f" (from {variable_of(setting)}_FILE)"
    )
    # So that no variable can mean two settings.
    assert f"{setting}_file" not in FIELDS


@pytest.mark.parametrize(("text", "value"), [("a\n", "a"), ("a", "a"), ("é \r\n", "é ")])
def test_one_newline_at_the_end_is_not_part_of_it(tmp_path, text, value):
    path = tmp_path / "name"
    path.write_bytes(text.encode())
    assert load_settings(None, {"CARNET_OIDC__NAME_FILE": str(path)}).oidc.name == value


def test_the_file_that_a_variable_names_is_stronger_than_config_toml(tmp_path, secret):
    path = tmp_path / "some.toml"
    path.write_text('[storage]\nurl = "sqlite:///x.db"\n')
    assert load_settings(path, {"CARNET_STORAGE__URL_FILE": str(secret)}).storage.url == URL


def test_a_value_comes_from_one_place(secret):
    environ = {"CARNET_STORAGE__URL": URL, "CARNET_STORAGE__URL_FILE": str(secret)}
    (line,) = refusals(None, environ)
    assert line.startswith(
        "storage.url: must come from CARNET_STORAGE__URL or from CARNET_STORAGE__URL_FILE, not both"
    )
    assert PASSWORD not in line


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot read {}: No such file or directory"),
        (b"", "{} must not be empty"),
        (b"\n", "{} must not be empty"),
        (b"\xff", "{} must be UTF-8 text"),
    ],
)
def test_a_file_that_gives_no_value_is_named_with_its_variable(tmp_path, content, reason):
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    (line,) = refusals(None, {"CARNET_STORAGE__URL_FILE": str(path)})
    assert line == f"storage.url: {reason.format(path)} (from CARNET_STORAGE__URL_FILE)"


@pytest.mark.parametrize("path", ["", ".", "a\nb", "\udcff"])
def test_what_is_no_file_is_one_line(path):
    (line,) = refusals(None, {"CARNET_STORAGE__URL_FILE": path})
    assert line.startswith("storage.url: cannot read ")


def test_a_wrong_value_in_a_file_is_not_repeated(tmp_path):
    path = tmp_path / "secret"
    path.write_text(f"postgres//u:{PASSWORD}@db/x")
    (line,) = refusals(None, {"CARNET_STORAGE__URL_FILE": str(path)})
    assert line.startswith("storage.url: must be sqlite:///path")
    assert PASSWORD not in line


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("CARNET_STORAGE_URL_FILE", "CARNET_STORAGE__URL_FILE"),
        ("CARNET_MAIL__URLS_FILE", "CARNET_MAIL__URL_FILE"),
        ("CARNET_API_KEY_FILE", "CARNET_API_KEY"),
    ],
)
def test_a_variable_of_a_file_that_is_no_setting_is_refused_with_the_nearest(name, nearest):
    assert refusals(None, {name: "/run/secrets/x"}) == [
        f"{name}: there is no such setting; did you mean {nearest}?"
    ]


def test_sqlite_has_no_standby():
    variables = {"CARNET_STORAGE__READ_URL": "postgresql://carnet@standby/carnet"}
    assert refusals(None, variables) == [
        "storage.url: must be set where storage.read_url is, to a Postgres: SQLite has no standby"
    ]


def test_traces_without_opentelemetry_are_refused_with_what_to_install(monkeypatch):
    variables = {"CARNET_TRACING__ENDPOINT": "http://127.0.0.1:4318/v1/traces"}
    load_settings(None, variables)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert refusals(None, variables) == [
        "tracing.endpoint: must be empty, or OpenTelemetry be installed:"
        " pip install 'carnet[tracing]' (from CARNET_TRACING__ENDPOINT)"
    ]
