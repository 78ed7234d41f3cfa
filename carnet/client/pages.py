"""Lists, page by page."""

from collections.abc import AsyncGenerator, Awaitable, Callable

from carnet.client.calls import Document

ReadPage = Callable[[str | None], Awaitable[Document]]
"""Reads the page at a cursor; None: the first one."""


async def pages(read: ReadPage, cursor: str | None = None) -> AsyncGenerator[Document]:
    """The pages of a list, until there is no further one, or a cursor comes again."""
    seen = {cursor}
    while True:
        page = await read(cursor)
        yield page
        cursor = page["nextCursor"]
        if not cursor or cursor in seen:
            return
        seen.add(cursor)


async def rows(read: ReadPage, cursor: str | None = None) -> AsyncGenerator[Document]:
    """The rows of all pages."""
    async for page in pages(read, cursor):
        for row in page["items"]:
            yield row
