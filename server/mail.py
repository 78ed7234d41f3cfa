"""E-mail, where `mail.url` is set (RFC 5321, RFC 5322): by the way, and never waited for.

A link that is sent is shown to whoever made it too, so nothing depends on what comes of it.
"""

import asyncio
import email.utils
import re
from collections.abc import Awaitable
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Final
from urllib.parse import unquote, urlsplit

import structlog

from runtime.settings import Mail

SECONDS: Final = 20.0
"""What sending one may take."""
_MOST_AT_ONCE: Final = 100
"""Beyond that none is sent: something is wrong, and they would only pile up."""
_ADDRESS: Final = re.compile(r"[^\s<>()'\"]+@[^\s<>()'\"]+")

_log = structlog.get_logger("carnet.mail")


def letter(sender: str, to: str, subject: str, text: str) -> EmailMessage:
    """A message to one address; ValueError or `MessageError` where that is none, or is several.

    Nothing that is in it makes a header of its own: lines of a subject are joined, and an address
    is taken as a whole.
    """
    made = EmailMessage()
    made["From"] = Address("Carnet", addr_spec=sender)
    made["To"] = Address(addr_spec=to)
    made["Subject"] = " ".join(subject.split())
    made["Date"] = email.utils.localtime()
    made["Message-ID"] = email.utils.make_msgid(domain=sender.rpartition("@")[2])
    # So that no holiday notice answers it (RFC 3834).
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(text)
    return made


class Mailer:
    """Sends e-mail while other things go on."""

    def __init__(self, settings: Mail) -> None:
        self._settings = settings
        self._running: set[asyncio.Task[None]] = set()

    def soon(self, work: Awaitable[None]) -> None:
        """Has something done that sends e-mail; what it raises is for the log."""
        task = asyncio.ensure_future(self._do(work))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _do(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception:  # noqa: BLE001 - nobody waits for it
            _log.exception("mail_crashed")

    async def send(self, to: str, subject: str, text: str) -> None:
        """Sends a message to one address, if it can be; the log tells if not."""
        if len(self._running) > _MOST_AT_ONCE:
            _log.warning("mail_failed", reason="too many are being sent")
            return
        # Imported where it is used: many a server sends none.
        import aiosmtplib

        server = urlsplit(self._settings.url)
        has_login = server.username is not None
        try:
            async with asyncio.timeout(SECONDS):
                await aiosmtplib.send(
                    letter(self._settings.sender, to, subject, text),
                    hostname=server.hostname,
                    port=server.port,
                    username=unquote(server.username or "") or None,
                    password=unquote(server.password or "") or None,
                    use_tls=server.scheme == "smtps",
                    # A password is never sent in the clear; without one, TLS where it is offered.
                    start_tls=True if has_login and server.scheme == "smtp" else None,
                    timeout=SECONDS,
                )
        except (aiosmtplib.SMTPException, MessageError, OSError, ValueError) as error:
            # Servers repeat the address that they refuse, and the log has none.
            _log.warning("mail_failed", reason=_ADDRESS.sub("(address)", repr(error)))
        else:
            _log.info("mail_sent")

    async def stop(self) -> None:
        """Waits for what is being sent, for as long as that may take."""
        if self._running:
            await asyncio.wait(self._running, timeout=SECONDS)
