"""A forgotten password: a link to set a new one, by e-mail.

What is answered does not tell whether there is an account, nor does the time that takes: whatever
depends on that is done after the answer (OWASP Forgot Password Cheat Sheet).
"""

import datetime
from typing import Final

from domain.account import is_email
from domain.clock import timestamp
from domain.errors import NotFound, RateLimited
from domain.sign_in import RESET_HOURS
from runtime import measured
from runtime.clock import moment
from server.addresses import client_address
from server.pages.problems import Problems
from server.pages.visit import Document, Redirect, Visit
from server.ratelimit import used
from storage import credentials, users
from storage.store import Tx

_MOST: Final = 5
"""Links that one address of a client may ask for in a minute."""
_REST: Final = datetime.timedelta(minutes=5)
"""After which another link is sent to the same person."""


async def show(visit: Visit) -> Document:
    """The form to ask for a link."""
    _require_mail(visit)
    return _form("", {})


async def send(visit: Visit) -> Document | Redirect:
    """Sends a link to whoever has an account with an address."""
    _require_mail(visit)
    services, email = visit.call.services, visit.form.get("email", "")
    if not is_email(email):
        return _form(email, {"email": visit.words("wrong.malformed")})
    address = client_address(visit.call.request, services.settings.http.trusted_proxies)
    allowance = (await used(services.limiter.count(f"forgotten:{address}"))).of(_MOST)
    if allowance.exceeded:
        measured.RATE_LIMITED.add("address")
        raise RateLimited(allowance.reset_seconds)
    services.mail.soon(_send(visit, email))
    return Redirect("/sign-in?done=link_sent")


async def _send(visit: Visit, email: str) -> None:
    services, words = visit.call.services, visit.words
    now = moment()

    async def make_link(tx: Tx) -> tuple[str, str, str] | None:
        """The address as it is stored, the name, and the token; None for a stranger."""
        found = await credentials.find(tx, email)
        if found is None:
            return None
        if await credentials.has_reset_since(tx, found.user_id, timestamp(now - _REST)):
            return None
        ends = timestamp(now + datetime.timedelta(hours=RESET_HOURS))
        token = await credentials.create_reset(
            tx, found.user_id, now=timestamp(now), expires_at=ends
        )
        name, stored = await users.name_and_email(tx, found.user_id)
        return stored, name, token

    if made := await services.store.write(make_link):
        to, name, token = made
        url = f"{services.public_url}/reset/{token}"
        text = words("mail.reset_text", name=name, server=services.public_url, url=url)
        await services.mail.send(to, words("mail.reset_subject"), text)


def _form(email: str, problems: Problems) -> Document:
    return Document(
        template="forgotten.html",
        context={"email": email, "problems": problems},
        status=400 if problems else 200,
    )


def _require_mail(visit: Visit) -> None:
    if not visit.call.services.settings.mail.url:
        raise NotFound("There is no such page")
