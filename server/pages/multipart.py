"""Forms with a file (RFC 7578, multipart/form-data)."""

import asyncio
import warnings
from typing import Final, NamedTuple

from aiohttp import BodyPartReader, MultipartReader, StreamReader
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_exceptions import HttpProcessingError

from server.pages.visit import LARGEST_FORM, File

MEDIA_TYPE: Final = "multipart/form-data"
_MOST_PARTS: Final = 20
_AT_A_TIME: Final = 256 * 1024
"""Bytes."""
_LONGEST_NAME: Final = 255
"""Characters of a file's name."""

Fields = list[tuple[str, str]]


async def parse(content_type: str, raw: bytes) -> tuple[Fields, File | None]:
    """The fields of such a body, and its file; `ValueError` for what is none, or has too much."""
    try:
        return await _parse(content_type, raw)
    except (HttpProcessingError, RuntimeError) as error:
        raise ValueError(str(error)) from error


async def _parse(content_type: str, raw: bytes) -> tuple[Fields, File | None]:
    loop = asyncio.get_running_loop()
    # All of it is here: the limit is for what is still to come.
    stream = StreamReader(BaseProtocol(loop), limit=max(len(raw), 1), loop=loop)
    stream.feed_data(raw)
    stream.feed_eof()
    reader = MultipartReader({"Content-Type": content_type}, stream)
    fields: Fields = []
    files: list[File] = []
    while (part := await _next(reader)) is not None:
        content = await _content(part.reader)
        if part.filename is not None:
            files.append(File(_clean(part.filename), content))
        elif len(content) > LARGEST_FORM:
            raise ValueError("a field is too long")
        else:
            fields.append((part.name, content.decode()))
        if len(fields) + len(files) > _MOST_PARTS or len(files) > 1:
            raise ValueError("it has too many parts, or files")
    return fields, files[0] if files else None


class _Part(NamedTuple):
    name: str
    filename: str | None
    reader: BodyPartReader


async def _next(reader: MultipartReader) -> _Part | None:
    # aiohttp warns of what it leaves out of a head: then the part has no name.
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):
        part = await reader.next()
        if part is None:
            return None
        if not isinstance(part, BodyPartReader) or not part.name:
            raise ValueError("a part is no field of a form")
        return _Part(part.name, part.filename, part)


async def _content(part: BodyPartReader) -> bytes:
    content = bytearray()
    while not part.at_eof():
        content += await part.read_chunk(_AT_A_TIME)
        # What is here already is never waited for: others get their turn.
        await asyncio.sleep(0)
    return bytes(content)


def _clean(name: str) -> str:
    """A file's name, of which bytes that are no UTF-8 are not kept."""
    return name.encode(errors="replace").decode()[:_LONGEST_NAME]
