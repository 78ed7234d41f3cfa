"""The members of a trip, as pages show them."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from server.pages.words import Words
from storage.groups import Member

_INKS: Final = 6


class Person(NamedTuple):
    """Somebody who is, or was, a member."""

    name: str
    initial: str
    ink: int
    """0 to 5: the colour of their avatar."""


def people_of(members: Sequence[Member]) -> dict[str, Person]:
    """Members by their user ids, in the order in which they came."""
    return {
        member.user_id: Person(member.name, member.name[:1].upper(), number % _INKS)
        for number, member in enumerate(members)
    }


def listed(words: Words, names: Sequence[str]) -> str:
    """As `Olga, Sam and Mika`."""
    if len(names) < 2:
        return "".join(names)
    return words("common.and", first=", ".join(names[:-1]), last=names[-1])
