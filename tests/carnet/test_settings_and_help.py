"""Where settings come from, what is said of wrong ones, and help (contract section 8)."""

import os
import re
import shutil
from platform import python_version

import pytest

from runtime.release import release
from storage import postgres_dialect, sqlite_engine
from storage.migrate import migrations_in
from tests.carnet.program import run, serving

LIST = ("key", "list", "--json")


def database(carnet, name):
    """A configuration file with a database of its own, which is set up."""
    path = carnet.folder / f"{name}.toml"
    path.write_text(f'[storage]\nurl = "sqlite:///{carnet.folder}/{name}/carnet.db"\n')
    made = carnet("--config", str(path), "init", "--email", f"{name}@example.org")
    assert made.code == 0
    return str(path)


def owners(outcome):
    return [key["user"] for key in outcome.json]


def test_the_file_is_named_before_or_after_the_command(carnet):
    one, two = database(carnet, "one"), database(carnet, "two")
    assert owners(carnet("--config", one, *LIST)) == ["one@example.org"]
    assert owners(carnet(*LIST, "--config", two)) == ["two@example.org"]
    assert owners(carnet(*LIST, f"--config={one}")) == ["one@example.org"]
    assert owners(carnet("key", "--config", two, "list", "--json")) == ["two@example.org"]


def test_the_file_named_after_the_command_is_stronger(carnet):
    one, two = database(carnet, "one"), database(carnet, "two")
    assert owners(carnet("--config", one, *LIST, "--config", two)) == ["two@example.org"]


def test_the_file_of_the_folder_is_read_if_none_is_named(carnet):
    one, two = database(carnet, "one"), database(carnet, "two")
    shutil.copy(one, carnet.folder / "config.toml")
    assert owners(carnet(*LIST)) == ["one@example.org"]
    assert owners(carnet("--config", two, *LIST)) == ["two@example.org"]


def test_the_environment_is_stronger_than_any_file(carnet):
    one = database(carnet, "one")
    database(carnet, "two")
    url = f"sqlite:///{carnet.folder}/two/carnet.db"
    assert owners(carnet("--config", one, *LIST, CARNET_STORAGE__URL=url)) == ["two@example.org"]


def test_a_relative_path_is_below_the_working_directory(carnet):
    assert carnet("init", CARNET_STORAGE__URL="sqlite:///a%20b/c/carnet.db").code == 0
    assert (carnet.folder / "a b" / "c" / "carnet.db").exists()


@pytest.mark.parametrize("command", [("serve",), ("init",), LIST, ("migrate",), ("worker",)])
@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[http]\nprocesses = 0", "http.processes"),
        ("[http]\nprocesses = 2", "http.processes"),
        ('[http]\nport = "eighty"', "http.port"),
        ("[http]\nprot = 1", "http.prot"),
        ("[htp]\nport = 1", "htp"),
        ("[imports]\nwait_seconds = true", "imports.wait_seconds"),
        ('[queue]\nurl = "nonsense"', "queue.url"),
        ('[storage]\nurl = "mysql://x/y"', "storage.url"),
        ("[http", "wrong.toml"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_it(carnet, command, text, named):
    path = carnet.folder / "wrong.toml"
    path.write_text(text)
    refused = carnet("--config", str(path), *command)
    assert refused.code == 2
    assert named in refused.line
    assert not carnet.database.exists()


@pytest.mark.parametrize("command", [("serve",), LIST])
def test_a_wrong_variable_is_one_line_that_names_it(carnet, command):
    refused = carnet(*command, CARNET_HTTP__PROCESSES="0")
    assert refused.code == 2
    assert refused.line.startswith("http.processes: ")
    assert "CARNET_HTTP__PROCESSES" in refused.line
    refused = carnet(*command, CARNET_HTTP__PROT="0")
    assert refused.line.startswith("CARNET_HTTP__PROT: there is no such setting")


@pytest.mark.parametrize("command", [("serve",), ("init",), ("migrate",), ("worker",), LIST])
def test_an_unknown_variable_is_one_line_with_the_nearest_name(carnet, command):
    refused = carnet(*command, CARNET_STORAGE_URL="sqlite:///elsewhere.db")
    assert refused.code == 2
    assert refused.line.startswith("CARNET_STORAGE_URL: ")
    assert "did you mean CARNET_STORAGE__URL?" in refused.line
    assert not carnet.database.exists()


def test_the_variables_of_client_commands_are_known(carnet):
    variables = {"CARNET_URL": "http://localhost:8080", "CARNET_API_KEY": "osk_x"}
    assert carnet("init", **variables).code == 0


def test_a_variable_or_a_file_that_is_not_utf_8_is_one_line(carnet):
    refused = carnet(*LIST, CARNET_LOG__LEVEL="\udcff")
    assert (refused.code, refused.line.partition(":")[0]) == (2, "log.level")
    (carnet.folder / "latin.toml").write_bytes(b"[storage]\nurl = 'sqlite:///\xe9.db'")
    refused = carnet(*LIST, "--config", "latin.toml")
    assert refused.code == 2
    assert "not UTF-8" in refused.line


@pytest.mark.parametrize("wrong", ["\udcff", "x\udcffy", "a\0b"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("{}",),
        ("--config", "{}", "key", "list"),
        ("key", "list", "--config={}"),
        ("init", "--name", "{}"),
        ("init", "--email", "{}@example.org"),
        ("init", "--group", "{}"),
        ("user", "add", "ben@example.org", "--name", "{}"),
        ("user", "add", "{}@example.org", "--name", "Ben"),
        ("user", "add", "ben@example.org", "--name", "Ben", "--group", "{}"),
        ("user", "role", "owner@localhost", "--group", "{}", "--role", "viewer"),
        ("user", "leave", "{}", "--group", "g"),
        ("key", "create", "--user", "{}"),
        ("key", "create", "--user", "owner@localhost", "--name", "{}"),
        ("key", "create", "--user", "owner@localhost", "--scope", "{}"),
        ("key", "create", "--user", "owner@localhost", "--expires", "{}"),
        ("key", "create", "--user", "owner@localhost", "--rate-limit", "{}"),
        ("key", "revoke", "{}"),
    ],
    ids=" ".join,
)
def test_an_argument_that_is_not_text_is_one_line(carnet, arguments, wrong):
    refused = carnet(*(argument.format(wrong) for argument in arguments))
    assert refused.code == 2
    assert "is not UTF-8 text" in refused.line
    assert not carnet.database.exists()


def test_a_byte_of_the_command_line_that_is_not_utf_8_is_one_line(tmp_path):
    told = run(tmp_path, "init", "--name", os.fsdecode(b"\xff"), PYTHONUTF8="1")
    assert (told.code, told.line) == (2, "'\\udcff' is not UTF-8 text without NUL")


async def test_serve_warns_that_links_name_this_machine_only(tmp_path):
    everywhere = {"CARNET_HTTP__HOST": "0.0.0.0"}  # noqa: S104 - the warning is about this
    async with serving(tmp_path, **everywhere) as server:
        line = await server.err.first("http.public_url")
        assert "this machine only" in line
        assert server.client.base.startswith("http://127.0.0.1:")
    public = {"CARNET_HTTP__PUBLIC_URL": "https://trips.example.org"}
    for quiet in (everywhere | public, {}, public):
        async with serving(tmp_path, **quiet) as server:
            await server.stop()
            assert "http.public_url" not in "".join(server.err.all)


def test_a_file_that_is_missing_is_one_line_that_names_it(carnet):
    for arguments in (("--config", "missing.toml", *LIST), (*LIST, "--config", "missing.toml")):
        refused = carnet(*arguments)
        assert refused.code == 2
        assert "missing.toml" in refused.line
    refused = carnet("--config", ".", *LIST)
    assert refused.code == 2
    assert "--config" in refused.line


def test_a_worker_without_a_queue_is_one_line(carnet):
    refused = carnet("worker")
    assert refused.code == 2
    assert refused.line.startswith("queue.url")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("nonsense",), "nonsense"),
        (("--nonsense", "serve"), "--nonsense"),
        (("serve", "--nonsense"), "--nonsense"),
        (("serve", "nonsense"), "nonsense"),
        (("key", "nonsense"), "nonsense"),
        (("key", "list", "--config"), "--config"),
        (("key", "revoke"), "ID"),
        (("init", "--email"), "--email"),
    ],
)
def test_a_wrong_argument_is_one_line_that_names_it(carnet, arguments, named):
    refused = carnet(*arguments)
    assert refused.code == 2
    assert named in refused.line


def test_help_tells_every_command(carnet):
    for option in ("--help", "-h"):
        told = carnet(option)
        assert (told.code, told.err) == (0, "")
        for command in ("serve", "init", "user", "key", "worker", "migrate"):
            assert re.search(rf"^  {command} +\S", told.out, re.M)


@pytest.mark.parametrize(
    "command",
    ["serve", "init", "user", "user add", "user list", "user role", "user leave",
     "user export", "user remove", "key", "key create", "key list", "key revoke", "worker",
     "migrate"],
)  # fmt: skip
def test_every_command_has_help(carnet, command):
    told = carnet(*command.split(), "-h")
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith(f"Usage: carnet {command}")
    assert "--config" in told.out


def test_every_command_that_prints_data_can_print_json(carnet):
    commands = ["init", "user add", "user list", "user role", "user leave", "user remove"]
    for command in [*commands, "migrate", "key create", "key list", "key revoke"]:
        assert "--json" in carnet(*command.split(), "--help").out


def test_without_a_command_there_is_help_and_a_failure(carnet):
    for arguments in ((), ("key",), ("user",)):
        told = carnet(*arguments)
        assert (told.code, told.out) == (2, "")
        assert told.err.startswith("Usage: carnet")


def test_the_program_tells_its_version(carnet):
    assert re.fullmatch(r"carnet, version \d+\.\d+\.\d+\S*\n", carnet("--version").out)


def test_the_program_tells_its_version_and_its_schema_whatever_the_settings_are(carnet):
    (carnet.folder / "config.toml").write_text("nonsense")
    told = carnet("version", "--json").json
    assert told == {"version": release(), "schema": told["schema"], "python": python_version()}
    for dialect in (sqlite_engine.DIALECT, postgres_dialect.DIALECT):
        assert told["schema"] == migrations_in(dialect.migrations)[-1].version
    said = carnet("version")
    assert (said.code, said.err) == (0, "")
    assert dict(line.split() for line in said.out.splitlines()) == {
        name: str(value) for name, value in told.items()
    }


def test_the_program_is_the_same_in_a_process_of_its_own(tmp_path):
    made = run(tmp_path, "init", "--json").json
    assert run(tmp_path, *LIST).json[0]["user"] == "owner@localhost"
    assert run(tmp_path, "init").line
    assert made["apiKey"].startswith("osk_")
