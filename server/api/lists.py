"""Pages of lists, from query parameters to the JSON of the reply."""

from typing import Final

from domain import cursor
from domain.cursor import Position
from server.query import CURSOR, LIMIT
from server.route import Call, Reply
from storage.page import Page

LIST_QUERY: Final = (LIMIT.name, CURSOR.name)


class PageRequest:
    """Which page of which list a request asks for."""

    def __init__(self, call: Call, listing: str) -> None:
        """Reads `limit`, which was checked, and `cursor`; `ValidationFailed` when that is wrong.

        `listing` names the list, so that no other list's cursor is taken for one of it.
        """
        self._secret = call.services.cursor_secret
        self._listing = listing
        assert call.route is not None
        query, size = call.request.query, call.route.page
        self.limit = min(int(query.get("limit", size.default)), size.most)
        sealed = query.get("cursor")
        self.after = cursor.decode(self._secret, listing, sealed) if sealed else None

    def reply(self, page: Page) -> Reply:
        """The page as `{"items": [...], "nextCursor": ...}`; documents go out as stored."""
        items, following = ",".join(page.documents), self.next_cursor(page.next)
        text = "null" if following is None else f'"{following}"'
        return Reply(200, f'{{"items":[{items}],"nextCursor":{text}}}'.encode())

    def next_cursor(self, following: Position | None) -> str | None:
        """The cursor of what follows a page; None after the last."""
        if following is None:
            return None
        return cursor.encode(self._secret, self._listing, following)
