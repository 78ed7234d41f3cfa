"""Full-text search in documents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.search import find, words_of

DOCUMENT = {
    "_id": "needle",
    "title": "Dîner à l'Arpège",
    "notes": f"{'x' * 300} the STRASSE is closed {'y' * 300}",
    "accommodation": {"name": "Hôtel", "tags": ["quiet", {"more": "Garden view"}]},
    "order": 7,
    "createdAt": "needle",
}


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("diner", "title"),
        ("DÎNER", "title"),
        ("arpe", "title"),
        ("straße", "notes"),
        ("hotel", "accommodation.name"),
        ("quiet", "accommodation.tags[0]"),
        ("garden VIEW", "accommodation.tags[1].more"),
        ("diner garden view", "accommodation.tags[1].more"),
        ("needle", None),
        ("diner nowhere", None),
        ("order", None),
        ("", None),
        (" ", None),
    ],
)
def test_all_words_must_be_there_whatever_their_capitals_and_accents(query, path):
    hit = find(DOCUMENT, words_of(query))
    assert (hit and hit.path) == path


def test_of_a_long_text_the_piece_around_the_word_is_shown():
    hit = find(DOCUMENT, words_of("strasse"))
    assert hit is not None
    assert "STRASSE is closed" in hit.text
    assert hit.text.startswith("…x")
    assert hit.text.endswith("y…")
    assert len(hit.text) < 200


@given(st.text(max_size=300), st.data())
def test_a_word_of_a_text_is_found_in_it(text, data):
    words = text.split()
    if words_of(text) == words:
        chosen = data.draw(st.lists(st.sampled_from(words or ["x"]), max_size=3))
        hit = find({"notes": text}, chosen)
        assert (hit is not None) == bool(chosen and words)
