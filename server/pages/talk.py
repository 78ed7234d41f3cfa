"""The messages of a trip, as its page shows them."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from domain.cursor import Position
from operations.overview import Talk
from server.pages import dates
from server.pages.people import Person
from server.pages.words import Words

_PLACE: Final = re.compile(r"(\d{1,15})-([a-z0-9]{1,32})", re.ASCII)


class Said(NamedTuple):
    """A message."""

    author: Person
    at: str
    """As it is stored; scripts show it by the reader's clock."""
    when: str
    """In words, by UTC: the reader's clock is not known."""
    content: str


def said(words: Words, talk: Talk, people: Mapping[str, Person]) -> list[Said]:
    """Messages, oldest first; whoever is no member any more has no name."""
    gone = Person(words("chat.former_member"), "?", 0)
    return [
        Said(
            people.get(message["authorId"], gone),
            message["createdAt"],
            dates.moment(words, message["createdAt"]),
            message["content"],
        )
        for message in talk.messages
    ]


def place(text: str) -> Position | None:
    """Where a page of messages begins, from the query; None for what cannot be a place."""
    match = _PLACE.fullmatch(text)
    return ("", int(match[1]), match[2]) if match else None


def written(position: Position | None) -> str:
    """The same as text; empty for the first page."""
    return f"{position[1]}-{position[2]}" if position else ""
