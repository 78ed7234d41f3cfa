"""`carnet check` at the command line; what it finds is in tests/storage/test_check.py."""

import pytest


@pytest.fixture
def damaged(carnet):
    """A database with one thing that can be mended, and one that cannot."""
    assert carnet("init").code == 0
    carnet.sql("UPDATE counters SET value = -1 WHERE name = 'trips'")
    carnet.sql(
        "INSERT INTO changesets (trip_id, rev, at, via, summary) VALUES ('t', 1, '', '', '')"
    )
    return carnet


def test_all_is_well(carnet):
    carnet("init")
    told = carnet("check")
    assert (told.code, told.out, told.err) == (0, "all is well\n", "")
    assert carnet("check", "--repair", "--json").json == {"findings": []}


def test_each_finding_is_a_line_with_what_to_do(damaged):
    told = damaged("check")
    assert told.code == 1
    assert told.out == (
        "reference changesets.trip_id=t: 1 rows name what is not in trips;"
        " bring that back from a backup, or delete these rows of changesets\n"
        "counter trips: it is behind what it has counted, 0; --repair mends it\n"
        "2 findings, 0 of them repaired\n"
    )
    assert damaged.sql("SELECT value FROM counters WHERE name = 'trips'") == [(-1,)]


def test_what_can_be_mended_is_when_it_is_asked_for(damaged):
    told = damaged("check", "--repair")
    assert told.code == 1
    assert "counter trips: it is behind what it has counted, 0; repaired\n" in told.out
    (left,) = damaged("check", "--json").json["findings"]
    assert left == {
        "kind": "reference",
        "id": "changesets.trip_id=t",
        "what": "1 rows name what is not in trips",
        "repairable": False,
        "repaired": False,
    }
    damaged.sql("DELETE FROM changesets")
    assert damaged("check").code == 0


def test_a_repair_that_leaves_nothing_is_code_0(carnet):
    carnet("init")
    carnet.sql("UPDATE counters SET value = -1 WHERE name = 'trips'")
    told = carnet("check", "--repair", "--json")
    assert (told.code, told.json["findings"][0]["repaired"]) == (0, True)


def test_a_damaged_file_is_one_line(carnet):
    carnet("init")
    with carnet.database.open("r+b") as file:
        file.seek(carnet.database.stat().st_size // 2 // 4096 * 4096)
        file.write(b"\xff" * 4096)
    told = carnet("check")
    assert told.code == 1
    assert "damaged" in told.out + told.err
    assert (told.out + told.err).count("\n") <= 12


def test_without_a_database_or_on_an_old_schema_it_is_one_line(carnet):
    assert "there is no database" in carnet("check").line
    carnet("init")
    carnet.sql("DELETE FROM schema_migrations WHERE version > 3")
    assert "carnet migrate" in carnet("check").line
