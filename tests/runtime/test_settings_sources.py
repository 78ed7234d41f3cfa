"""Where settings come from: files and variables, and names that are none (contract section 9)."""

import pytest

from runtime.configuration import load_settings
from runtime.settings import Log, Settings
from tests.runtime.loading import DEFAULTS, flat, refusal, write

pytestmark = pytest.mark.usefixtures("elsewhere")


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


def test_other_variables_are_none_of_our_business():
    others = {"PATH": "/bin", "HTTP__PORT": "1", "XCARNET_HTTP__PORT": "1", "CARNET": "\udcff"}
    clients = {"CARNET_URL": "http://localhost:8080/api/v1", "CARNET_API_KEY": "osk_x"}
    assert flat(load_settings(None, others | clients)) == DEFAULTS


def test_a_variable_that_is_not_utf_8_is_named():
    text = refusal(None, {"CARNET_STORAGE__URL": "sqlite:///\udcff.db"})
    assert text.startswith("storage.url: must be UTF-8 text")
    assert text.endswith("(from CARNET_STORAGE__URL)")


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
