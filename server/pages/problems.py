"""What is wrong with what a form sent, in the reader's words."""

from domain.errors import CarnetError
from server.pages.words import Words

Problems = dict[str, str]
"""By the field's name; what is about none has the name ""."""


def problems_of(words: Words, error: CarnetError) -> Problems:
    """The problems that a refusal tells of, by fields; each in a sentence of the catalogue.

    That is one for the field, `wrong.FIELD_REASON`, or for any, `wrong.REASON`. A refusal without
    details is told as a whole, by its code: `wrong.CODE`.
    """
    if not error.details:
        return {"": words.get(f"wrong.{error.code}") or words("wrong.other")}
    return {
        detail.path: words.get(f"wrong.{detail.path}_{detail.reason}")
        or words.get(f"wrong.{detail.reason}")
        or words("wrong.other")
        for detail in error.details
    }
