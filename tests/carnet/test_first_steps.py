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
        ("--email", "a\u200b@example.org"),
        ("--email", "a\x7f@example.org"),
        ("--email", "a@example.org\x9b"),
        ("--name", "  "),
        ("--name", "a\nb"),
        ("--group", "\t"),
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
        (("ben@example.org", "--name", "x", "--group", "A B"), "--group"),
        (("ben@example.org", "--name", "x", "--group", ""), "--group"),
        (("ben@example.org", "--group", "nothing"), "--name"),
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


def test_a_user_who_is_there_joins_a_further_group(carnet):
    group_id = carnet("init", "--json").json["groupId"]
    ben = carnet("user", "add", "ben@example.org", "--name", "Ben", "--json").json
    joined = carnet("user", "add", "Ben@Example.org", "--group", group_id, "--json").json
    assert joined == {"_id": ben["_id"], "groupId": group_id}
    assert carnet.roles() >= {
        (ben["groupId"], ben["_id"], "owner"),
        (group_id, ben["_id"], "editor"),
    }
    eve = carnet("user", "add", "eve@example.org", "--name", "Eve", "--json").json
    options = ("--name", "Another", "--group", group_id, "--role", "viewer")
    assert carnet("user", "add", "eve@example.org", *options).code == 0
    assert carnet.roles() >= {(group_id, eve["_id"], "viewer")}
    assert carnet.sql("SELECT name FROM users WHERE email = 'eve@example.org'") == [("Eve",)]


def test_a_member_who_is_added_again_is_told_to_be_one(carnet):
    group_id = carnet("init", "--json").json["groupId"]
    before = carnet.roles()
    for role in ("owner", "viewer"):
        refused = carnet("user", "add", "owner@localhost", "--group", group_id, "--role", role)
        assert refused.code == 2
        assert f"in group {group_id} already, as owner" in refused.line
    assert carnet.roles() == before


# user list, role, leave


def with_ben(carnet, role="editor"):
    """The id of a group of the owner's and Ben's."""
    group_id = carnet("init", "--json").json["groupId"]
    options = ("--name", "Ben", "--group", group_id, "--role", role)
    assert carnet("user", "add", "ben@example.org", *options).code == 0
    return group_id


def roles(carnet):
    """The roles of each user, by e-mail."""
    listed = carnet("user", "list", "--json").json
    return {user["email"]: [group["role"] for group in user["groups"]] for user in listed}


def test_users_are_listed_with_their_groups(carnet):
    group_id = with_ben(carnet)
    carnet("user", "add", "eve@example.org", "--name", "Eve")
    owner, ben, eve = carnet("user", "list", "--json").json
    assert list(ben) == ["_id", "email", "name", "createdAt", "groups"]
    assert (ben["email"], ben["name"]) == ("ben@example.org", "Ben")
    assert ben["groups"] == [{"_id": group_id, "name": "Home", "role": "editor"}]
    assert owner["groups"] == [{"_id": group_id, "name": "Home", "role": "owner"}]
    assert [group["role"] for group in eve["groups"]] == ["owner"]
    lines = carnet("user", "list").out.splitlines()
    assert len(lines) == 3
    assert lines[1] == f"{ben['_id']}  ben@example.org  Ben  editor of Home ({group_id})"


@pytest.mark.parametrize("role", ["owner", "editor", "viewer"])
def test_a_member_gets_another_role(carnet, role):
    group_id = with_ben(carnet)
    options = ("--group", group_id, "--role", role)
    told = carnet("user", "role", "BEN@example.org", *options, "--json").json
    assert told["role"] == role
    assert told["groupId"] == group_id
    assert roles(carnet) == {"owner@localhost": ["owner"], "ben@example.org": [role]}
    assert carnet("user", "role", "ben@example.org", *options).code == 0


def test_a_user_leaves_a_group(carnet):
    group_id = with_ben(carnet)
    told = carnet("user", "leave", "ben@example.org", "--group", group_id)
    assert (told.code, told.err) == (0, "")
    assert group_id in told.out
    assert roles(carnet) == {"owner@localhost": ["owner"], "ben@example.org": []}
    assert "in no group" in carnet("user", "list").out
    assert carnet("user", "add", "ben@example.org", "--group", group_id).code == 0
    left = carnet("user", "leave", "ben@example.org", "--group", group_id, "--json").json
    assert set(left) == {"_id", "groupId"}


def test_a_group_keeps_an_owner(carnet):
    group_id = with_ben(carnet)
    for command in (("leave",), ("role", "--role", "editor"), ("role", "--role", "viewer")):
        refused = carnet("user", *command, "owner@localhost", "--group", group_id)
        assert refused.code == 2
        assert "would have no owner" in refused.line
        assert group_id in refused.line
    assert roles(carnet) == {"owner@localhost": ["owner"], "ben@example.org": ["editor"]}
    assert (
        carnet("user", "role", "ben@example.org", "--group", group_id, "--role", "owner").code == 0
    )
    assert carnet("user", "leave", "owner@localhost", "--group", group_id).code == 0
    assert carnet("user", "leave", "ben@example.org", "--group", group_id).code == 2


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("role", "ben@example.org", "--role", "viewer"), "--group"),
        (("role", "ben@example.org", "--group", "{}"), "--role"),
        (("role", "ben@example.org", "--group", "{}", "--role", "boss"), "--role"),
        (("role", "ben@example.org", "--group", "nothing", "--role", "viewer"), "nothing"),
        (("role", "ben@example.org", "--group", "No", "--role", "viewer"), "--group: 'No'"),
        (("role", "eve@example.org", "--group", "{}", "--role", "viewer"), "eve@example.org"),
        (("role", "lone@example.org", "--group", "{}", "--role", "viewer"), "not in group"),
        (("role", "nobody", "--group", "{}", "--role", "viewer"), "EMAIL: 'nobody'"),
        (("leave", "ben@example.org"), "--group"),
        (("leave", "ben@example.org", "--group", "nothing"), "nothing"),
        (("leave", "eve@example.org", "--group", "{}"), "eve@example.org"),
        (("leave", "lone@example.org", "--group", "{}"), "not in group"),
        (("leave", "", "--group", "{}"), "EMAIL"),
    ],
)
def test_a_change_of_members_that_cannot_be_is_one_line(carnet, arguments, named):
    group_id = with_ben(carnet)
    carnet("user", "add", "lone@example.org", "--name", "Lone")
    before = carnet.roles()
    refused = carnet("user", *(argument.format(group_id) for argument in arguments))
    assert refused.code == 2
    assert named in refused.line
    assert carnet.roles() == before


# user reset


def test_a_reset_prints_a_link(carnet):
    carnet("init")
    told = carnet("user", "reset", "OWNER@localhost", "--json").json
    assert list(told) == ["url", "expiresAt"]
    assert re.fullmatch(r"http://localhost:8080/reset/\w{43}", told["url"])
    again = carnet("user", "reset", "owner@localhost")
    assert again.out.startswith("http://localhost:8080/reset/")
    assert again.out.splitlines()[0] != told["url"]
    assert carnet.sql("SELECT count(*) FROM resets") == [(1,)]
    public = {"CARNET_HTTP__PUBLIC_URL": "https://trips.example.org/carnet/"}
    behind = carnet("user", "reset", "owner@localhost", "--json", **public).json
    assert behind["url"].startswith("https://trips.example.org/carnet/reset/")


@pytest.mark.parametrize("email", ["nobody@example.org", "nobody", ""])
def test_who_is_not_there_gets_no_link(carnet, email):
    carnet("init")
    refused = carnet("user", "reset", email)
    assert refused.code == 2
    assert refused.line
    assert carnet.sql("SELECT count(*) FROM resets") == [(0,)]


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
    ("user", "list"),
    ("user", "role", "owner@localhost", "--group", "g", "--role", "editor"),
    ("user", "leave", "owner@localhost", "--group", "g"),
    ("user", "reset", "owner@localhost"),
    ("key", "create", "--user", "owner@localhost"),
    ("key", "list"),
    ("key", "revoke", "x"),
    ("migrate",),
    ("serve",),
]


@pytest.mark.parametrize("command", COMMANDS[1:9], ids=" ".join)
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


@pytest.mark.parametrize("command", COMMANDS[1:9], ids=" ".join)
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
    for url in (
        "mysql://db/x",
        "carnet.db",
        "sqlite:",
        "sqlite://",
        "sqlite:///",
        "sqlite://a/x",
        "sqlite:///a%00b",
        "postgresql://[h/x",
    ):
        refused = carnet(*command, CARNET_STORAGE__URL=url)
        assert refused.code == 2
        assert refused.line.startswith("storage.url: ")
