"""Forms with a file (RFC 7578, multipart/form-data)."""

import asyncio
import warnings
from typing import Final

from aiohttp import BodyPartReader, MultipartReader, StreamReader
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_exceptions import HttpProcessingError

from server.pages.visit import LARGEST_FORM, File

MEDIA_TYPE: Final = "multipart/form-data"
_MOST_PARTS: Final = 20
_LONGEST_NAME: Final = 255
"""Characters of a file's name."""

Fields = list[tuple[str, str]]


async def parse(content_type: str, raw: bytes) -> tuple[Fields, File | None]:
    """The fields of such a body, and its file; `ValueError` for what is none, or has too much."""
    # aiohttp warns of what it then leaves out, and what a part without a name is told by.
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):
        try:
            return await _parse(content_type, raw)
        except (HttpProcessingError, RuntimeError) as error:
            raise ValueError(str(error)) from error


async def _parse(content_type: str, raw: bytes) -> tuple[Fields, File | None]:
    # All of it is here: the limit is for what is still to come.
    stream = StreamReader(
        BaseProtocol(asyncio.get_running_loop()),
        limit=max(len(raw), 1),
        loop=asyncio.get_running_loop(),
    )
    stream.feed_data(raw)
    stream.feed_eof()
    reader = MultipartReader({"Content-Type": content_type}, stream)
    fields: Fields = []
    files: list[File] = []
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader) or not part.name:
            raise ValueError("a part is no field of a form")
        content = bytes(await part.read())
        if part.filename is not None:
            files.append(File(_clean(part.filename), content))
        elif len(content) > LARGEST_FORM:
            raise ValueError("a field is too long")
        else:
            fields.append((part.name, content.decode()))
        if len(fields) + len(files) > _MOST_PARTS or len(files) > 1:
            raise ValueError("it has too many parts, or files")
    return fields, files[0] if files else None


def _clean(name: str) -> str:
    """A file's name, of which bytes that are no UTF-8 are not kept."""
    return name.encode(errors="replace").decode()[:_LONGEST_NAME]
