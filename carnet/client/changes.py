"""What changed in a trip since a revision."""

from collections.abc import AsyncIterator

from carnet.client.calls import Document
from carnet.client.pages import ReadPage, pages


class Changes(AsyncIterator[Document]):
    """Each row that changed once, in its latest state; given by the pages of `list_changes`."""

    def __init__(self, read: ReadPage, since: int) -> None:
        self.rev = since
        """How far it goes: after the last row that of the last page, to be given as `since`."""
        self._rows = self._walk(read)

    async def __anext__(self) -> Document:
        return await anext(self._rows)

    async def _walk(self, read: ReadPage) -> AsyncIterator[Document]:
        async for page in pages(read):
            for row in page["items"]:
                yield row
                self.rev = max(self.rev, row["rev"] - 1)
            if page["nextCursor"] is None:
                self.rev = page["rev"]
