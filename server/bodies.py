"""Receives the body of a request, within its limits, and decodes it (415, 413, 400)."""

import asyncio
import hashlib
from typing import Any, Final

from aiohttp import web

from domain import details, json_body, plain
from domain.errors import (
    PayloadTooLarge,
    UnsupportedMediaType,
    ValidationFailed,
)
from domain.imports import ImportRequest, count_items, read, split
from operations import file_imports
from operations.imports import require_within
from runtime import measured
from server.body_budget import BodyAccount
from server.preferences import preferences_of
from server.query import FILENAME
from server.route import ANY, JSON, Body, Call, Route, Upload
from storage import jobs

ROW_BYTES: Final = 256 * 1024
"""The largest body of a single row."""
BATCH_BYTES: Final = 4 * 1024 * 1024
"""The largest body of a batch."""
OFF_LOOP_BYTES: Final = 64 * 1024
"""Bodies above this are worked on in a thread, so that other requests get their turn."""
INLINE_FILE_BYTES: Final = 256 * 1024
"""Files above this are read by a worker."""
BODY_SECONDS: Final = 30.0
"""What a body may take to arrive, however small it is; a large one gets more."""
SLOWEST_BYTES_PER_SECOND: Final = 8 * 1024
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


async def take_body(call: Call, route: Route, account: BodyAccount) -> None:
    """Gives the call its body: decoded, or as the payload of a job."""
    body = route.body
    raw = call.raw = await receive(call, body, account)
    if body is None:
        if raw:
            _require_nothing(await _decode(raw, json_body.MAX_DEPTH))
    elif body.optional and not raw:
        call.body = {}
    elif body.media_type == ANY:
        await take_file(call, call.request.query.get(FILENAME.name, ""))
    elif body.imports is not None:
        await _take_items(call, body.imports)
    elif len(raw) > OFF_LOOP_BYTES:
        # It is no plain item, unless most of it is white space.
        call.body = await _decode(raw, json_body.MAX_DEPTH)
    else:
        item = plain.decode(body.creates, raw) if body.creates else None
        call.body = json_body.decode(raw) if item is None else item


async def _take_items(call: Call, wanted: ImportRequest) -> None:
    """Counts the items of a body, and decodes them unless they are for a job."""
    raw, settings = call.raw, call.services.settings.imports
    large = len(raw) > OFF_LOOP_BYTES
    parts = await asyncio.to_thread(split, raw) if large else split(raw)
    try:
        total = count_items(wanted.kind, parts)
    except ValidationFailed as refusal:
        call.upload = Upload(refusal=refusal)
        return
    require_within(total, settings.max_items)
    if total > settings.inline_items or preferences_of(call.request).respond_async:
        # What is wrong with single items, the job tells.
        packed = await asyncio.to_thread(jobs.pack, raw) if large else jobs.pack(raw)
        call.upload = Upload(total, packed)
    else:
        call.upload = Upload(total)
        reading = (wanted, raw, parts)
        call.body = await asyncio.to_thread(read, *reading) if large else read(*reading)


async def take_file(call: Call, filename: str) -> None:
    """Gives the call the file of its raw body; what has many rows, or may have, is for a job."""
    raw, settings = call.raw, call.services.settings.imports
    total = 0
    if len(raw) <= INLINE_FILE_BYTES:
        reading = (raw, filename, call.trip_id, settings.max_items)
        try:
            file = await asyncio.to_thread(file_imports.gather, *reading)
        except ValidationFailed as refusal:
            call.upload = Upload(refusal=refusal)
            return
        total = len(file.rows)
        if total <= settings.inline_items and not preferences_of(call.request).respond_async:
            call.body, call.upload = file, Upload(total)
            return
    call.upload = Upload(total, await asyncio.to_thread(jobs.pack, raw))


async def _decode(raw: bytes, depth: int) -> Any:
    if len(raw) > OFF_LOOP_BYTES:
        return await asyncio.to_thread(json_body.decode, raw, depth)
    return json_body.decode(raw, depth)


def _require_nothing(value: Any) -> None:
    """An operation without a body takes none, or an empty object."""
    if not isinstance(value, dict):
        raise ValidationFailed([details.wrong_type("", "no body, or an empty object", value)])
    if value:
        why = "this operation takes no body: leave it out"
        raise ValidationFailed([details.misplaced(name, why) for name in value])


async def fingerprint(call: Call) -> str:
    """What makes a request the same as another: method, path, query, body."""
    url = call.request.rel_url
    target = f"{call.request.method}\0{url.raw_path}\0{url.raw_query_string}\0"
    digest = hashlib.sha256(target.encode())
    if len(call.raw) > OFF_LOOP_BYTES:
        await asyncio.to_thread(digest.update, call.raw)
    else:
        digest.update(call.raw)
    return digest.hexdigest()


async def receive(call: Call, body: Body | None, account: BodyAccount) -> bytes:
    """The body's bytes, as many as there may be at most, and not too slowly."""
    request = call.request
    limit = call.services.settings.http.max_body_bytes
    largest = body.largest if body else ROW_BYTES
    if largest is not None:
        limit = min(limit, largest)
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("Compressed bodies are not taken: send it as it is")
    announced = request.content_length or 0
    comes = announced or "Transfer-Encoding" in request.headers
    may_be_empty = body is None or body.optional
    # What needs no body looks at one that comes without a media type: it may be empty.
    json_wanted = body is not None and body.media_type == JSON and not body.optional
    if json_wanted or (may_be_empty and comes and request.headers.get("Content-Type")):
        _require_json(request)
    if announced > limit:
        raise _too_large(limit)
    if request.content.is_eof():
        # All there with the head, as most are: in a buffer that is bounded anyway.
        raw = request.content.read_nowait()
    else:
        await _continue(request)
        raw = await _read(request, limit, account)
    if len(raw) > limit:
        raise _too_large(limit)
    return raw.removeprefix(BYTE_ORDER_MARK)


def _too_large(limit: int) -> PayloadTooLarge:
    measured.REFUSED.add("body_too_large")
    return PayloadTooLarge(f"The body of this request may have {limit} bytes at most")


async def _continue(request: web.BaseRequest) -> None:
    """Tells a client that waits for it to send its body (RFC 9110 section 10.1.1)."""
    if "Expect" in request.headers and request.version >= (1, 1):
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # It is not the response: nothing of that has been sent yet.
        request.writer.output_size = 0


async def _read(request: web.BaseRequest, limit: int, account: BodyAccount) -> bytes:
    received = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS) as patience:
            async for piece in request.content.iter_any():
                received += piece
                if len(received) > limit:
                    raise _too_large(limit)
                # Only what has come counts: an announcement costs its sender nothing.
                if len(received) > OFF_LOOP_BYTES:
                    account.grow_to(len(received))
                until = patience.when()
                assert until is not None
                patience.reschedule(until + len(piece) / SLOWEST_BYTES_PER_SECOND)
    except TimeoutError as error:
        raise ValidationFailed([], "The body did not arrive in time") from error
    return bytes(received)


def _require_json(request: web.BaseRequest) -> None:
    charset = (request.charset or "utf-8").lower().replace("_", "-")
    if request.content_type != JSON or charset not in ("utf-8", "utf8"):
        raise UnsupportedMediaType()
