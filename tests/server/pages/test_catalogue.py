"""The messages of pages: whole in both languages, all used, none missing."""

import json
import re
import string

import pytest

from domain.errors import REASONS, CarnetError
from server.pages.words import LANGUAGES
from tests.server.pages.sources import PAGES, beginnings, texts

DONE = re.compile(r"[?&]done=(\w+)")
"""How a form's answer names the notice that is then shown."""
BEGINNING = re.compile(r"[a-z][a-z0-9_]*\.(?:\w+_)?", re.ASCII)
FILES = (".css", ".html", ".js", ".py", ".svg")
"""How the names of files end, which look like keys."""
KEY = re.compile(r"[a-z][a-z0-9_]*\.\w+", re.ASCII)


def catalogue(language):
    """The messages by `section.name`; a name that is there twice is refused."""

    def once(pairs):
        names = [name for name, _ in pairs]
        assert len(names) == len(set(names)), f"twice: {names}"
        return dict(pairs)

    text = (PAGES / "messages" / f"{language}.json").read_text(encoding="utf-8")
    sections = json.loads(text, object_pairs_hook=once)
    return {
        f"{section}.{name}": message
        for section, messages in sections.items()
        for name, message in messages.items()
    }


CATALOGUES = {language: catalogue(language) for language in LANGUAGES}
ENGLISH = CATALOGUES["en"]
SECTIONS = {key.partition(".")[0] for key in ENGLISH}
each_language = pytest.mark.parametrize("language", LANGUAGES)


def forms(message):
    return list(message.values()) if isinstance(message, dict) else [message]


def placeholders(message):
    return {
        name
        for form in forms(message)
        for _, name, _, _ in string.Formatter().parse(form)
        if name is not None
    }


@each_language
def test_messages_are_texts_or_plural_forms(language):
    for key, message in CATALOGUES[language].items():
        assert KEY.fullmatch(key), key
        if isinstance(message, dict):
            assert list(message) == ["one", "other"], key
        for form in forms(message):
            assert isinstance(form, str), key
            assert form == form.strip(" \n"), key
            assert form, key


@each_language
def test_every_language_has_the_same_messages(language):
    messages = CATALOGUES[language]
    assert list(messages) == list(ENGLISH)
    for key, message in messages.items():
        assert type(message) is type(ENGLISH[key]), key
        # A form for one may have the number as a word of its own.
        assert placeholders(message) | {"n"} == placeholders(ENGLISH[key]) | {"n"}, key


@each_language
def test_messages_have_typographic_marks(language):
    for key, message in CATALOGUES[language].items():
        for form in forms(message):
            assert "'" not in form, key
            assert '"' not in form, key
            if language == "fr":
                assert not re.search(r"[ \w][:;?!»](?:\s|$)|« ", form), key


def used():
    """The keys that templates and modules name, whole or by how they begin."""
    named = set(texts())
    begun = tuple(
        begins
        for begins in beginnings()
        if begins.partition(".")[0] in SECTIONS and BEGINNING.fullmatch(begins)
    )
    return {key for key in ENGLISH if key in named or key.startswith(begun)}


def test_every_message_is_used():
    assert sorted(set(ENGLISH) - used()) == []


def test_every_message_that_is_named_is_there():
    named = {text for text in texts() if KEY.fullmatch(text) and not BEGINNING.fullmatch(text)}
    missing = {key for key in named if key.partition(".")[0] in SECTIONS} - set(ENGLISH)
    assert sorted(key for key in missing if not key.endswith(FILES)) == []
    begun = {text for text in beginnings() if text.partition(".")[0] in SECTIONS}
    for beginning in filter(BEGINNING.fullmatch, begun):
        assert any(key.startswith(beginning) for key in ENGLISH), beginning


def test_every_reason_of_a_refusal_has_words():
    codes = {error.code for error in CarnetError.__subclasses__()}
    told = {key.partition(".")[2] for key in ENGLISH if key.startswith("wrong.")}
    # A form has no fields but those that its own page gave it.
    assert set(REASONS) - told == {"unknown_field"}
    in_capitals = {name for name in told if name.isupper()}
    assert in_capitals - codes == set()


def test_every_notice_is_led_to():
    led = {name for text in texts() for name in DONE.findall(text)}
    told = {key.partition(".")[2] for key in ENGLISH if key.startswith("notices.")}
    assert led == told
