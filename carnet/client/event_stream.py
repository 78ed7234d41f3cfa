"""Server-sent events, as WHATWG HTML has them (section 9.2.6)."""

import codecs
import dataclasses
import re
from collections.abc import AsyncGenerator, AsyncIterator

_BREAK = re.compile(r"\r\n|\n|\r(?!\Z)")
"""A return at the very end may be half a line break."""


@dataclasses.dataclass
class Block:
    """What stands between two blank lines."""

    event: str = "message"
    data: str = ""
    """Empty where there is none: then it is no event."""
    id: str = ""
    retry: float | None = None
    """Seconds to wait before coming back."""

    def add(self, line: str) -> None:
        """Takes a line; comments have no name before their colon."""
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self.event = value
        elif name == "data":
            self.data += f"\n{value}" if self.data else value
        elif name == "id":
            self.id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry = int(value) / 1000


async def blocks(pieces: AsyncIterator[bytes]) -> AsyncGenerator[Block]:
    """The blocks of a stream that are whole; a line may be of any length."""
    block = Block()
    async for line in _lines(pieces):
        if line:
            block.add(line)
        else:
            yield block
            block = Block()


async def _lines(pieces: AsyncIterator[bytes]) -> AsyncGenerator[str]:
    decoder, rest = codecs.getincrementaldecoder("utf-8")("replace"), ""
    async for piece in pieces:
        *whole, rest = _BREAK.split(rest + decoder.decode(piece))
        for line in whole:
            yield line
