"""Pages of lists, from query parameters to the JSON of the reply."""

from typing import Final

from domain import cursor
from server.query import CURSOR, LIMIT
from server.route import Call, Reply
from storage.page import Page

DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 200

LIST_QUERY: Final = (LIMIT.name, CURSOR.name)


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
        """Reads `limit`, which was checked, and `cursor`; `ValidationFailed` when that is wrong.

        `listing` names the list, so that no other list's cursor is taken for one of it.
        """
        self._secret = call.services.signing_secret
        self._listing = listing
        query = call.request.query
        self.limit = min(int(query.get("limit", default)), maximum)
        sealed = query.get("cursor")
        self.after = cursor.decode(self._secret, listing, sealed) if sealed else None

    def reply(self, page: Page) -> Reply:
        """The page as `{"items": [...], "nextCursor": ...}`; documents go out as stored."""
        following = "null"
        if page.next is not None:
            following = f'"{cursor.encode(self._secret, self._listing, page.next)}"'
        items = ",".join(page.documents)
        return Reply(200, f'{{"items":[{items}],"nextCursor":{following}}}'.encode())
