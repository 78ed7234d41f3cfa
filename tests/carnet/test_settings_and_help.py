"""Where settings come from, what is said of wrong ones, and help (contract section 8)."""

import re
import shutil

import pytest

from tests.carnet.program import run

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
    assert refused.line.startswith("http.prot: there is no such setting")


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
    ["serve", "init", "user", "user add", "key", "key create", "key list", "key revoke", "worker",
     "migrate"],
)  # fmt: skip
def test_every_command_has_help(carnet, command):
    told = carnet(*command.split(), "-h")
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith(f"Usage: carnet {command}")
    if command not in ("user", "key"):
        assert "--config" in told.out


def test_every_command_that_prints_data_can_print_json(carnet):
    for command in ("init", "user add", "key create", "key list", "migrate"):
        assert "--json" in carnet(*command.split(), "--help").out


def test_without_a_command_there_is_help_and_a_failure(carnet):
    for arguments in ((), ("key",), ("user",)):
        told = carnet(*arguments)
        assert (told.code, told.out) == (2, "")
        assert told.err.startswith("Usage: carnet")


def test_the_program_tells_its_version(carnet):
    assert re.fullmatch(r"carnet, version \d+\.\d+\.\d+\S*\n", carnet("--version").out)


def test_the_program_is_the_same_in_a_process_of_its_own(tmp_path):
    made = run(tmp_path, "init", "--json").json
    assert run(tmp_path, *LIST).json[0]["user"] == "owner@localhost"
    assert run(tmp_path, "init").line
    assert made["apiKey"].startswith("osk_")
