"""Pages of lists, from query parameters to the JSON of the reply."""

import re
from typing import Final

from domain import cursor
from domain import details as wording
from domain.cursor import Position
from domain.errors import ValidationFailed
from server.route import Call, Reply
from storage.page import Page

DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 200

LIST_QUERY: Final = ("limit", "cursor")


class PageRequest:
    """Which page of which list a request asks for."""

    def __init__(
        self,
        call: Call,
        listing: str,
        *,
        default: int = DEFAULT_LIMIT,
        maximum: int = MAX_LIMIT,
    ) -> None:
        """Reads `limit` and `cursor`; `ValidationFailed` when either is wrong.

        `listing` names the list, so that no other list's cursor is taken for one of it.
        """
        self._secret = call.services.signing_secret
        self._listing = listing
        query = call.request.query
        details = []
        self.limit = default
        self.after: Position | None = None
        if (text := query.get("limit")) is not None:
            if re.fullmatch(r"[+-]?\d{1,1000}", text, re.ASCII) is None:
                details.append(wording.malformed("limit", "a whole number", text))
            elif int(text) < 1:
                details.append(wording.out_of_range("limit", f"from 1 to {maximum}", text))
            else:
                self.limit = min(int(text), maximum)
        if sealed := query.get("cursor"):
            try:
                self.after = cursor.decode(self._secret, listing, sealed)
            except ValidationFailed as error:
                details += error.details
        if details:
            raise ValidationFailed(details)

    def reply(self, page: Page) -> Reply:
        """The page as `{"items": [...], "nextCursor": ...}`; documents go out as stored."""
        following = "null"
        if page.next is not None:
            following = f'"{cursor.encode(self._secret, self._listing, page.next)}"'
        items = ",".join(page.documents)
        return Reply(200, f'{{"items":[{items}],"nextCursor":{following}}}'.encode())
