"""An invitation to a group, for whoever has its link."""

from domain.errors import CarnetError, NotFound, RateLimited, Unauthorized, ValidationFailed
from operations import invites
from server import joining
from server.pages.problems import Problems, problems_of
from server.pages.visit import Document, Redirect, Visit
from server.signing_in import begin_session
from storage import groups
from storage.invites import Offer
from storage.store import Tx


async def show(visit: Visit) -> Document:
    """What the link invites to; signed out, with the form of a new account."""
    return await _page(visit, {})


async def accept(visit: Visit) -> Document | Redirect:
    """Whoever accepts is a member, and signed in."""
    call = visit.call

    async def as_oneself(tx: Tx) -> None:
        await invites.accept(tx, call.token, visit.actor.user, call.now)

    if visit.signed_in:
        try:
            await visit.write(as_oneself)
        except NotFound as error:
            return _gone(visit, error)
        return Redirect("/trips?done=joined")
    sent = {
        "email": visit.form.get("email"),
        "name": visit.form.get("name"),
        "password": visit.typed("password"),
    }
    try:
        who = await joining.check(call, sent)

        async def join(tx: Tx) -> str:
            _, cookie = await begin_session(tx, call, await joining.join(tx, call, who))
            return cookie

        cookie = await visit.write(join)
    except NotFound as error:
        return _gone(visit, error)
    except Unauthorized:
        return await _page(visit, {"": visit.words("invite.wrong")}, 400)
    except (ValidationFailed, RateLimited) as error:
        return await _page(visit, problems_of(visit.words, error), error.status)
    return Redirect("/trips?done=joined", {"Set-Cookie": cookie})


async def _page(visit: Visit, problems: Problems, status: int = 200) -> Document:
    call = visit.call

    async def read(tx: Tx) -> tuple[Offer, bool]:
        offer = await invites.offer(tx, call.token, call.now)
        user_id = visit.actor.user if visit.signed_in else ""
        return offer, await groups.role_in(tx, offer.group_id, user_id) is not None

    try:
        offer, present = await visit.read(read)
    except NotFound as error:
        return _gone(visit, error)
    context = {
        "offer": offer,
        "present": present,
        "token": call.token,
        "sent": visit.form,
        "problems": problems,
    }
    return Document(template="invite.html", context=context, status=status)


def _gone(visit: Visit, error: CarnetError) -> Document:
    gone = {"status": error.status, "text": "invite.gone", "request_id": visit.call.request_id}
    return Document(template="error.html", context=gone, status=error.status)
