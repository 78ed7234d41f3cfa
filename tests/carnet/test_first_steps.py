"""`carnet init`, `user` and `migrate` (contract section 8), run within the test process."""

import re

import pytest

# init


def test_init_prints_the_ids_and_the_key(carnet):
    first = carnet("init", "--json").json
    assert list(first) == ["userId", "groupId", "apiKey"]
    assert re.fullmatch(r"osk_[0-9A-Za-z]{32,}", first["apiKey"])
    for name in ("userId", "groupId"):
        assert re.fullmatch(r"[a-z0-9]{1,32}", first[name])


def test_init_says_it_in_words_too(carnet):
    told = carnet("init")
    assert (told.code, told.err) == (0, "")
    key, user, group = (
        re.search(rf"^{n} +(\S+)$", told.out, re.M) for n in ("key", "user", "group")
    )
    assert key is not None
    assert user is not None
    assert group is not None
    assert key[1].startswith("osk_")
    assert "only this once" in told.out


def test_the_first_user_owns_the_group(carnet):
    first = carnet(
        "init", "--json", "--email", "olga@example.org", "--name", "Olga", "--group", "Family"
    ).json
    user_id, group_id = first["userId"], first["groupId"]
    assert carnet.sql("SELECT id, email, name FROM users") == [
        (user_id, "olga@example.org", "Olga")
    ]
    assert carnet.sql("SELECT id, name FROM groups") == [(group_id, "Family")]
    assert carnet.roles() == {(group_id, user_id, "owner")}


def test_a_second_init_is_refused_and_changes_nothing(carnet):
    carnet("init")
    keys = carnet("key", "list", "--json").json
    for options in ((), ("--json",), ("--email", "other@example.org")):
        refused = carnet("init", *options)
        assert refused.code == 2
        assert "set up already" in refused.line
    assert carnet("key", "list", "--json").json == keys


@pytest.mark.parametrize(
    "options",
    [
        ("--email", "nobody"),
        ("--email", ""),
        ("--email", "a b@example.org"),
        ("--email", "@example.org"),
        ("--email", "x" * 300 + "@example.org"),
        ("--name", ""),
        ("--name", "x" * 201),
        ("--group", ""),
        ("--group", "x" * 201),
    ],
)
def test_wrong_options_of_init_are_one_line(carnet, options):
    refused = carnet("init", *options)
    assert refused.code == 2
    assert refused.line
    assert not carnet.database.exists()


def test_the_data_is_for_its_owner_only(carnet):
    carnet("init")
    assert carnet.database.parent.stat().st_mode & 0o777 == 0o700
    for path in carnet.database.parent.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600, path


def test_the_key_itself_is_nowhere_in_the_data(carnet):
    key = carnet("init", "--json").json["apiKey"]
    for path in carnet.database.parent.iterdir():
        assert key.encode() not in path.read_bytes()
        assert key.removeprefix("osk_").encode() not in path.read_bytes()


# user add


def test_a_user_gets_a_group_of_their_own(carnet):
    first = carnet("init", "--json").json
    added = carnet("user", "add", "ben@example.org", "--name", "Ben", "--json").json
    assert set(added) == {"_id", "groupId"}
    assert added["groupId"] != first["groupId"]
    assert carnet.roles() >= {(added["groupId"], added["_id"], "owner")}


@pytest.mark.parametrize("role", [None, "owner", "editor", "viewer"])
def test_a_user_joins_a_group(carnet, role):
    first = carnet("init", "--json").json
    options = ["--group", first["groupId"], *(["--role", role] if role else [])]
    added = carnet("user", "add", "ben@example.org", "--name", "Ben", *options, "--json").json
    assert added["groupId"] == first["groupId"]
    assert carnet.roles() >= {(first["groupId"], added["_id"], role or "editor")}


def test_adding_a_user_says_it_in_words_too(carnet):
    carnet("init")
    told = carnet("user", "add", "ben@example.org", "--name", "Ben")
    assert (told.code, told.err) == (0, "")
    assert re.match(r"user +\S+\ngroup +\S+\n$", told.out)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("owner@localhost", "--name", "x"), "owner@localhost"),
        (("OWNER@LocalHost", "--name", "x"), "OWNER@LocalHost"),
        (("nobody", "--name", "x"), "nobody"),
        (("ben@example.org",), "--name"),
        (("ben@example.org", "--name", ""), "--name"),
        (("--name", "x"), "EMAIL"),
        (("ben@example.org", "--name", "x", "--group", "nothing"), "nothing"),
        (("ben@example.org", "--name", "x", "--role", "viewer"), "--role"),
        (("ben@example.org", "--name", "x", "--group", "g", "--role", "boss"), "--role"),
        (("ben@example.org", "eve@example.org", "--name", "x"), "eve@example.org"),
        (("ben@example.org", "--name", "x", "--nonsense"), "--nonsense"),
    ],
)
def test_a_user_who_cannot_be_added_is_one_line(carnet, arguments, named):
    carnet("init")
    before = carnet.roles()
    refused = carnet("user", "add", *arguments)
    assert refused.code == 2
    assert named in refused.line
    assert carnet.roles() == before


# migrate


def test_migrate_applies_what_is_missing_and_then_nothing(carnet):
    first = carnet("migrate", "--json").json
    assert list(first) == ["applied"]
    assert first["applied"][0].startswith("0001_")
    assert carnet("migrate", "--json").json == {"applied": []}
    assert carnet("migrate").out == "nothing to apply\n"
    assert carnet("init").code == 0


def test_migrate_says_it_in_words_too(carnet):
    told = carnet("migrate").out.splitlines()
    assert told[0].startswith("applied 0001_")


# Databases that cannot be used


COMMANDS = [
    ("init",),
    ("user", "add", "ben@example.org", "--name", "Ben"),
    ("key", "create", "--user", "owner@localhost"),
    ("key", "list"),
    ("key", "revoke", "x"),
    ("migrate",),
    ("serve",),
]


@pytest.mark.parametrize("command", COMMANDS[1:5], ids=" ".join)
def test_before_the_set_up_a_command_says_what_to_do(carnet, command):
    refused = carnet(*command)
    assert refused.code == 1
    assert "carnet init" in refused.line
    assert not carnet.database.exists()


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_database_of_a_newer_program_is_refused(carnet, command):
    carnet("init")
    carnet.sql(
        "INSERT INTO schema_migrations (version, name, checksum, applied_at)"
        " VALUES (9999, '9999_future', 'x', '2030-01-01T00:00:00.000Z')"
    )
    before = carnet.database.read_bytes()
    refused = carnet(*command)
    assert refused.code == 1
    assert "newer" in refused.line
    assert carnet.database.read_bytes() == before


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_database_with_another_past_is_refused(carnet, command):
    carnet("init")
    carnet.sql("UPDATE schema_migrations SET checksum = 'x' WHERE version = 1")
    refused = carnet(*command)
    assert refused.code == 1
    assert "0001_" in refused.line


@pytest.mark.parametrize("command", COMMANDS[1:5], ids=" ".join)
def test_a_database_without_our_tables_asks_to_be_migrated(carnet, command):
    carnet.database.parent.mkdir()
    carnet.sql("CREATE TABLE other (a)")
    refused = carnet(*command)
    assert refused.code == 1
    assert "carnet migrate" in refused.line


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_file_that_is_no_database_is_named(carnet, command):
    carnet.database.parent.mkdir()
    carnet.database.write_text("not a database, but longer than the head of one " * 10)
    refused = carnet(*command)
    assert refused.code == 1
    assert str(carnet.database.name) in refused.line


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_folder_that_cannot_be_is_named(carnet, command):
    (carnet.folder / "file").write_text("x")
    refused = carnet(*command, CARNET_STORAGE__URL="sqlite:///file/carnet.db")
    assert refused.code == 1
    assert "file/carnet.db" in refused.line


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_storage_url_that_cannot_be_is_one_line(carnet, command):
    for url in ("mysql://db/x", "carnet.db", "sqlite:", "sqlite://", "sqlite:///", "sqlite://a/x"):
        refused = carnet(*command, CARNET_STORAGE__URL=url)
        assert refused.code == 2
        assert refused.line.startswith("storage.url: ")
