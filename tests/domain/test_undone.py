"""Which changesets are undone."""

import pytest

from domain.history import undone_by


@pytest.mark.parametrize(
    ("undos", "undone"),
    [
        ([], {}),
        ([(5, 3)], {3: 5}),
        # The undo was undone: what it took back stands again.
        ([(5, 3), (7, 5)], {5: 7}),
        ([(5, 3), (7, 5), (8, 7)], {3: 5, 7: 8}),
        # Undone again after that.
        ([(5, 3), (7, 5), (8, 3)], {3: 8, 5: 7}),
        # A second undo took back what the first had left.
        ([(5, 3), (6, 3)], {3: 6}),
        ([(5, 3), (6, 3), (7, 6)], {3: 5, 6: 7}),
    ],
)
def test_an_undo_that_was_undone_undoes_nothing(undos, undone):
    assert undone_by(undos) == undone
    assert undone_by(reversed(undos)) == undone
