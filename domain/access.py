"""Whether an actor may do something (contract section 3)."""

from typing import Final

from domain.actor import Actor, TripAccess
from domain.errors import Forbidden, NotFound
from domain.scopes import BaseScope

NO_TRIP: Final = "There is no trip with this id: GET /api/v1/trips lists yours"


def require_scope(actor: Actor, scope: BaseScope) -> None:
    """`Forbidden` unless the actor has the scope for any trip at all."""
    if not actor.scopes.has_any(scope):
        held = ", ".join(actor.scopes.all) or "none"
        raise Forbidden(f"This key lacks the scope {scope}; it has {held}")


def require_unlimited(actor: Actor, scope: BaseScope) -> None:
    """`Forbidden` unless the actor has the scope for every trip."""
    require_scope(actor, scope)
    if not actor.scopes.has_unlimited(scope):
        raise Forbidden(f"This needs the scope {scope} for all trips; this key has it for some")


def require_trip(
    actor: Actor, trip: TripAccess | None, trip_id: str, scope: BaseScope, *, writes: bool
) -> None:
    """The scope for a trip, the trip, and the actor's part in it: `Forbidden` or `NotFound`."""
    if not actor.scopes.covers(scope, trip_id):
        require_scope(actor, scope)
        limited = ", ".join(sorted(actor.scopes.trips(scope)))
        raise Forbidden(f"This key has the scope {scope} for other trips only: {limited}")
    if trip is None:
        raise NotFound(NO_TRIP)
    if trip.role is None:
        raise Forbidden("This trip belongs to a group you are not in: an owner can add you to it")
    if writes and not trip.role.may_write:
        raise Forbidden("You are a viewer of this trip, and changing it needs the role editor")
