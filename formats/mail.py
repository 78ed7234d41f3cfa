"""Booking mails: the reservations in their HTML, and the calendars and passes that are attached."""

import email.errors
import email.header
import email.message
import email.parser
import email.policy
import io
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import msgspec

from formats import ics, passes, reservations
from formats.archives import is_archive
from formats.found import Found, Position, Reading, Reject, Row, Unreadable
from formats.markup import data_of
from formats.rows import lines, one_line, telling
from formats.schema_org import nodes_of

MOST: Final = 64 << 20
"""Bytes of a file of mails."""
MOST_PARTS: Final = 500
MOST_NODES: Final = 5_000
"""Objects of schema.org that are looked at in one mail."""

_HEADER: Final = re.compile(r"(?:From [^\n]*\n)?[A-Za-z][A-Za-z0-9-]{0,60}:[^\n]*(?:\n|\Z)")
_KNOWN: Final = re.compile(
    r"^(?:from|to|subject|date|received|return-path|delivered-to|message-id|mime-version"
    r"|content-type|dkim-signature|x-[\w-]+):",
    re.IGNORECASE | re.MULTILINE,
)
_NEXT_MAIL: Final = re.compile(rb"(?:\A|(?<=\n))From [^\r\n]+\r?\n(?=[A-Za-z][A-Za-z0-9-]*:)")
"""Where a mail begins in a mailbox (RFC 4155)."""


def is_text(text: str) -> bool:
    """Whether a text begins with headers of a mail."""
    text = text[:4_000].replace("\r\n", "\n")
    return bool(_HEADER.match(text)) and len(_KNOWN.findall(text.partition("\n\n")[0])) >= 2


def read(file: BinaryIO, name: str, reading: Reading) -> Iterator[Found]:
    """What is booked, mail for mail."""
    raw = file.read(MOST + 1)
    if len(raw) > MOST:
        raise Unreadable(f"mails of more than {MOST >> 20} MiB: import them one by one")
    mails = [each for each in _NEXT_MAIL.split(raw) if each.strip()]
    for index, each in enumerate(mails):
        at = Position(file=name, index=index if len(mails) > 1 else None)
        try:
            message = email.parser.BytesParser(policy=email.policy.compat32).parsebytes(each)
        except RecursionError as error:
            raise Unreadable("a mail with parts that are nested too deep") from error
        yield from _mail(message, at, reading)


def _mail(message: email.message.Message, at: Position, reading: Reading) -> Iterator[Found]:
    rows = _Rows()
    booked = False
    for found in _found_in(message, at, reading):
        booked = True
        yield from rows.take(found)
    yield from rows.held()
    if not booked:
        subject = _subject(message)
        reason = "no booking data in it: no reservation of schema.org, no calendar, no pass"
        row = {"subject": subject, "from": _header(message, "From"), "date": message["Date"]}
        yield Reject(reason=reason, row=telling(row), name=subject, at=at)


def _found_in(message: email.message.Message, at: Position, reading: Reading) -> Iterator[Found]:
    seen: set[bytes] = set()
    nodes = 0
    for count, part in enumerate(message.walk()):
        if count == MOST_PARTS:
            raise Unreadable(f"a mail of more than {MOST_PARTS} parts")
        payload = None if part.is_multipart() else part.get_payload(decode=True)
        if not isinstance(payload, bytes) or payload in seen:
            continue
        seen.add(payload)
        kind = part.get_content_type()
        head = payload[:200].decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
        if kind == "text/html" or head[:15].lower().startswith(("<!doctype html", "<html")):
            for node in _nodes(_text(part, payload), at):
                nodes += 1
                if nodes > MOST_NODES:
                    raise Unreadable(f"a mail of more than {MOST_NODES:,} pieces of data")
                yield from [node] if isinstance(node, Reject) else reservations.found_in(node, at)
        elif ics.is_text(head):
            yield from ics.read(io.BytesIO(payload), _file(part, at), reading)
        elif is_archive(payload) and _is_pass(part):
            yield from _pass(payload, _file(part, at), reading)


def _nodes(page: str, at: Position) -> Iterator[Any]:
    """The objects in a page's data, or a reject in place of data that is broken."""
    for data in data_of(page):
        if isinstance(data, Unreadable):
            yield Reject(reason=f"data of the mail that is {data}", row=None, at=at)
        else:
            yield from nodes_of(data)


def _pass(payload: bytes, name: str, reading: Reading) -> Iterator[Found]:
    try:
        yield from passes.read(io.BytesIO(payload), name, reading)
    except Unreadable as error:
        yield Reject(reason=str(error), row=None, name=name, at=Position(file=name))


def _is_pass(part: email.message.Message) -> bool:
    named = str(part.get_filename() or "").lower()
    return part.get_content_type() == "application/vnd.apple.pkpass" or named.endswith(".pkpass")


def _file(part: email.message.Message, at: Position) -> str:
    """The name of what is attached."""
    try:
        named = part.get_filename()
    except (ValueError, LookupError, TypeError):
        named = None
    return f"{at.file}/{one_line(telling(str(named or part.get_content_type())), 100)}"


def _text(part: email.message.Message, payload: bytes) -> str:
    """The text of a part, whatever it says of its encoding."""
    charset = part.get_content_charset() or "utf-8"
    for encoding in (charset, "utf-8", "cp1252"):
        try:
            return payload.decode(encoding)
        except (UnicodeError, LookupError, ValueError):
            continue
    return payload.decode("latin-1")


def _subject(message: email.message.Message) -> str:
    return one_line(telling(_header(message, "Subject"))) or "(no subject)"


def _header(message: email.message.Message, name: str) -> str:
    """A header's words (RFC 2047)."""
    raw = str(message.get(name, ""))
    try:
        return str(email.header.make_header(email.header.decode_header(raw)))
    except (ValueError, LookupError, email.errors.MessageError):
        return raw


class _Rows:
    """What one mail tells twice is one row: each traveller's ticket for one event, say."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], Row] = {}

    def take(self, found: Found) -> Iterator[Found]:
        """Holds rows back; anything else comes at once."""
        if not isinstance(found, Row):
            yield found
            return
        ref = found.document["clientRef"]
        while (present := self._rows.get((found.list, ref))) is not None:
            if _day(present) == _day(found):
                break
            # Another night of the same booking.
            ref = f"{ref[:240]}/{_day(found)}"
        document = found.document | {"clientRef": ref}
        if present is not None:
            notes = dict.fromkeys(
                line
                for row in (present, found)
                for line in str(row.document.get("notes", "")).split("\n")
            )
            document = present.document | document | {"notes": lines(*notes)}
            if not document["notes"]:
                del document["notes"]
        self._rows[found.list, ref] = msgspec.structs.replace(found, document=document)

    def held(self) -> Iterator[Row]:
        """The rows."""
        yield from self._rows.values()


def _day(row: Row) -> str:
    return str(row.document.get("startDate") or row.document.get("checkInDate") or "")
