"""`carnet user export` and `carnet user remove` (contract section 16)."""

import os
import pty
import stat
import subprocess

import msgspec
import pytest

from tests.carnet.program import CARNET, SECONDS, environment


@pytest.fixture
def home(carnet):
    """The ids of a database with an owner; `alone` is their group."""
    return carnet("init", "--email", "ann@example.org", "--name", "Ann", "--json").json


def add(carnet, group_id, role="editor"):
    """Another member of a group."""
    options = ("--group", group_id, "--role", role, "--json")
    return carnet("user", "add", "ben@example.org", "--name", "Ben", *options).json["_id"]


def listed(carnet):
    return [user["email"] for user in carnet("user", "list", "--json").json]


def on_a_terminal(folder, answer, *arguments):
    """A command with somebody who answers; its exit code, and what it wrote."""
    mine, theirs = pty.openpty()
    os.write(mine, answer.encode())
    done = subprocess.run(
        [CARNET, *arguments],
        cwd=folder,
        env=environment({}),
        stdin=theirs,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    os.close(mine)
    os.close(theirs)
    return done.returncode, done.stdout, done.stderr


def test_who_is_alone_in_a_group_goes_with_it(carnet, home):
    told = carnet("user", "remove", "ANN@example.org", "--yes", "--json").json
    gone = [{"_id": home["groupId"], "name": "Home"}]
    assert told == {"_id": home["userId"], "deletedGroups": gone, "leftGroups": []}
    assert listed(carnet) == []
    assert carnet.sql("SELECT count(*) FROM groups") == [(0,)]
    assert carnet.sql("SELECT count(*) FROM api_keys") == [(0,)]
    again = carnet("user", "remove", "ann@example.org", "--yes")
    assert (again.code, again.line) == (2, "there is no user ann@example.org")


def test_a_group_with_others_stays(carnet, home):
    add(carnet, home["groupId"], "owner")
    done = carnet("user", "remove", "ann@example.org", "--yes")
    assert (done.code, done.out, done.err) == (0, "ann@example.org is deleted\n", "")
    assert listed(carnet) == ["ben@example.org"]
    assert [role for _, _, role in carnet.roles()] == ["owner"]


def test_the_only_owner_of_others_is_refused(carnet, home):
    add(carnet, home["groupId"])
    refused = carnet("user", "remove", "ann@example.org", "--yes")
    assert refused.code == 1
    assert refused.line == (
        f"ann@example.org is the only owner of Home ({home['groupId']}), which others are members"
        " of: make one of them an owner by `carnet user role`"
    )
    assert len(listed(carnet)) == 2


@pytest.mark.usefixtures("home")
def test_where_nobody_can_be_asked_it_needs_a_yes(carnet):
    refused = carnet("user", "remove", "ann@example.org")
    assert refused.code == 2
    assert refused.line.startswith("--yes: ")
    assert listed(carnet) == ["ann@example.org"]


@pytest.mark.parametrize(("answer", "code", "left"), [("n", 130, 1), ("y", 0, 0)])
def test_somebody_at_a_terminal_is_told_and_asked(carnet, home, answer, code, left):
    remove = ("user", "remove", "ann@example.org")
    ended, out, err = on_a_terminal(carnet.folder, f"{answer}\n", *remove)
    assert ended == code
    assert out == "ann@example.org is deleted\n" * (code == 0)
    lines = err.splitlines()
    assert lines[0].startswith(f"Home ({home['groupId']}) is deleted with all its trips")
    assert "Former member" in lines[1]
    assert lines[2].startswith("Delete ann@example.org for good?")
    assert len(listed(carnet)) == left


def test_somebody_at_a_terminal_is_not_asked_for_what_cannot_be(carnet, home):
    add(carnet, home["groupId"])
    ended, out, err = on_a_terminal(carnet.folder, "y\n", "user", "remove", "ann@example.org")
    assert (ended, out) == (1, "")
    assert err.startswith("carnet: ann@example.org is the only owner of Home ")


def test_all_that_is_known_is_written_for_the_one_who_asks(carnet, home):
    path = carnet.folder / "ann.json"
    done = carnet("user", "export", "Ann@example.org", "-o", str(path))
    assert (done.code, done.out, done.err) == (0, "", "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    known = msgspec.json.decode(path.read_bytes())
    assert known["profile"]["_id"] == home["userId"]
    assert known["groups"] == [{"_id": home["groupId"], "name": "Home", "role": "owner"}]
    assert len(known["keys"]) == 1
    assert home["apiKey"] not in path.read_text()
    assert carnet("user", "export", "ann@example.org", "-o", "-").json == known


@pytest.mark.usefixtures("home")
def test_nothing_is_written_of_who_is_not_there(carnet):
    refused = carnet("user", "export", "nobody@example.org", "-o", "nobody.json")
    assert (refused.code, refused.line) == (2, "there is no user nobody@example.org")
    assert not (carnet.folder / "nobody.json").exists()


@pytest.mark.usefixtures("home")
def test_a_file_that_cannot_be_written_is_one_line(carnet):
    refused = carnet("user", "export", "ann@example.org", "-o", "no/such/folder.json")
    assert refused.code == 1
    assert refused.line == "cannot write no/such/folder.json: No such file or directory"
