"""What becomes of one row, whatever came later."""

import msgspec
import pytest

from domain.row import Row
from domain.taking_back import Deed, Version, step_of
from domain.undo import passed_over

NOW = "2026-07-02T00:00:00.000Z"


def pin(rev: int, **fields) -> Row:
    document = {
        "_id": "p",
        "tripId": "t",
        "name": "Pin",
        "lat": 1,
        "lng": 2,
        **fields,
        "createdAt": "2026-07-01T00:00:00.000Z",
        "updatedAt": f"2026-07-01T00:00:0{rev}.000Z",
    }
    json = msgspec.json.encode(document).decode()
    return Row("mapPin", "p", "", json, rev=rev, client_ref=fields.get("clientRef"), created_rev=1)


def deed(*versions: Row | None) -> Deed:
    """The row's versions: before, after, and then after each later revision; None: gone."""
    before, after, *rest = versions
    rev = 2
    later, present, written = [], after, rev
    for row in rest:
        rev += 1
        if present is not None:
            later.append(Version(rev, row is None, written, present.json))
        present, written = row, rev
    if present is not None:
        present.rev = written
    return Deed("mapPin", "p", before, after is None, present, later)


def member(step, name="notes"):
    return step.becomes.document.get(name)


def test_a_deletion_that_counts_is_a_change_of_every_member_even_where_the_row_is_back():
    """What brought it back undid something else."""
    done = deed(pin(1, notes="1"), pin(2, notes="2"), None, pin(4, notes="2"))
    kept = step_of(done, frozenset(), NOW, force=False)
    assert [(each.path, "revision 3" in each.message) for each in kept.conflicts] == [
        ("notes", True)
    ]
    assert kept.becomes is kept.was
    for passed, force in (({3, 4}, False), (frozenset(), True)):
        assert member(step_of(done, passed, NOW, force=force)) == "1"


@pytest.mark.parametrize("force", [True, False])
def test_what_is_there_already_stays(force):
    done = deed(pin(1, notes="1"), pin(2, notes="2"), pin(3, notes="1"))
    step = step_of(done, {3}, NOW, force=force)
    assert (step.becomes is step.was, step.conflicts) == (True, ())


def test_where_nothing_else_has_changed_it_goes_back_to_the_letter():
    before = pin(1, accommodation={"b": 1.0, "a": 1}, notes="1")
    for done in (
        deed(before, pin(2, accommodation={"a": 1, "b": 1})),
        deed(before, pin(2, notes="2"), pin(3, notes="3"), pin(4, notes="2")),
    ):
        step = step_of(done, {3, 4}, NOW, force=False)
        assert step.becomes is not None
        assert step.becomes.json == before.json.replace(before.document["updatedAt"], NOW)


def test_no_row_is_updated_before_it_was_created():
    before = pin(1, notes="1")
    early = "2025-01-01T00:00:00.000Z"
    for done in (
        deed(before, pin(2, notes="2")),
        deed(before, pin(2, notes="2"), pin(3, notes="2", lat=5)),
    ):
        step = step_of(done, frozenset(), early, force=False)
        assert step.becomes is not None
        assert step.becomes.document["updatedAt"] == before.document["createdAt"]


def test_which_later_changesets_do_not_count():
    def later(rev: int, *undos: tuple[int, int]) -> set[int]:
        return {each for each in passed_over(rev, undos) if each > rev}

    assert later(2) == set()
    assert later(2, (5, 4)) == {4, 5}
    # Done again, it counts again; what brought it back does not.
    assert later(2, (5, 4), (6, 5)) == {5, 6}
    assert later(2, (5, 4), (6, 5), (7, 6)) == {4, 5, 6, 7}
    # An undo of something older counts, unless it is undone.
    assert later(3, (5, 2)) == set()
    assert later(3, (5, 2), (6, 5)) == {5, 6}
    # An earlier undo of the changeset itself does not count.
    assert later(3, (5, 3)) == {5}
