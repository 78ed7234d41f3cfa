"""Signing in by a provider of OpenID Connect: there, and back."""

from urllib.parse import quote

from domain.errors import NotFound
from operations.identities import Identity, user_of
from server.oidc import flow
from server.oidc.flow import Trouble
from server.oidc.provider import UserInfo
from server.pages.locations import local
from server.pages.visit import Redirect, Visit
from server.signing_in import begin_session
from storage.store import Tx

_HOME = "/trips"


async def begin(visit: Visit) -> Redirect:
    """Leads to the provider."""
    _require_provider(visit)
    try:
        to, cookie = await flow.begin(visit.call, local(visit.query.get("next", "")) or _HOME)
    except Trouble as trouble:
        return _told(trouble)
    return Redirect(to, {"Set-Cookie": cookie})


async def finish(visit: Visit) -> Redirect:
    """Signs in whom the provider has let in, or tells at the sign-in page why not."""
    _require_provider(visit)
    try:
        known, following = await flow.finish(visit.call, visit.query)
        cookie = await visit.write(lambda tx: _sign_in(tx, visit, known, following))
    except Trouble as trouble:
        return _told(trouble)
    return Redirect(following, {"Set-Cookie": cookie})


async def _sign_in(tx: Tx, visit: Visit, known: UserInfo, following: str) -> str:
    """The value of the Set-Cookie header that gives a new session; `Trouble` for a stranger."""
    call, settings = visit.call, visit.call.services.settings.oidc
    who = Identity(settings.issuer, known.sub, known.verified_email, known.name or "")
    user_id = await user_of(tx, who, create=settings.create_users, now=call.now)
    if user_id is None:
        raise Trouble("unknown" if who.verified_email else "unverified", following)
    _, cookie = await begin_session(tx, call, user_id)
    return cookie


def _require_provider(visit: Visit) -> None:
    if not visit.call.services.settings.oidc.issuer:
        raise NotFound("There is no such page")


def _told(trouble: Trouble) -> Redirect:
    to = f"/sign-in?trouble={trouble.why}"
    if trouble.following:
        to += f"&next={quote(trouble.following, safe='')}"
    return Redirect(to)
