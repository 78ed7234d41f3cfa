"""Where one is signed in."""

from typing import NamedTuple

from server.pages.browsers import describe
from server.pages.visit import Document, Redirect, Visit
from storage import sessions


class Shown(NamedTuple):
    """A session, as its user knows it."""

    id: str
    address: str
    program: str
    last_used_at: str
    created_at: str
    current: bool


async def show(visit: Visit) -> Document:
    """All sessions of the user, the one in use first."""
    actor, call = visit.actor, visit.call
    found = await visit.read(lambda tx: sessions.of_user(tx, actor.user, call.sessions_since))
    shown = []
    for each in found:
        address, _, agent = (each.last_used_from or "").partition(", ")
        program, current = describe(agent), each.id == actor.session_id
        shown.append(Shown(each.id, address, program, each.last_used_at, each.created_at, current))
    shown.sort(key=lambda each: not each.current)
    days = call.services.settings.retention.sessions_days
    context = {"sessions": shown, "now": call.now, "days": days}
    return Document(template="sessions.html", context=context)


async def end(visit: Visit) -> Redirect:
    """Ends one of them, and nobody is surprised by one that has ended already."""
    actor, session_id = visit.actor, visit.form.get("session", "")
    await visit.write(lambda tx: sessions.delete(tx, actor.user, session_id))
    return Redirect("/settings/sessions?done=session_ended")


async def end_others(visit: Visit) -> Redirect:
    """Ends all but the one in use."""
    actor = visit.actor
    await visit.write(lambda tx: sessions.delete_others(tx, actor.user, actor.session_id))
    return Redirect("/settings/sessions?done=others_ended")
