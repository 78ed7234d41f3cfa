"""Who acts: a key, a session, or the system itself."""

import msgspec

from domain.revisions import Revisions
from domain.scopes import Role, Scopes


class Actor(msgspec.Struct, frozen=True):
    """A user acting by a key or a session; without a user, the system itself."""

    user_id: str | None
    name: str
    email: str
    scopes: Scopes
    key_id: str | None = None
    key_name: str = ""
    session_id: str | None = None
    rate_limit: int | None = None
    """Requests per minute; None for the default."""
    expires_at: str | None = None
    """When the key ends, as `domain.clock.timestamp` writes it."""

    @property
    def user(self) -> str:
        """The user's id, of an actor that is not the system."""
        assert self.user_id is not None
        return self.user_id

    @property
    def idempotency_scope(self) -> str:
        """Whose Idempotency-Keys its requests share: the key's, or of a session its user's."""
        return self.key_id or f"user:{self.user_id}"

    def may_act_at(self, now: str) -> bool:
        """Whether the key is good at a moment."""
        return self.expires_at is None or now < self.expires_at


SYSTEM = Actor(None, "Carnet", "", Scopes(()))
"""Carnet itself: what schedules do."""


class TripAccess(msgspec.Struct, frozen=True):
    """A trip that exists, and an actor's part in it."""

    revs: Revisions
    group_rev: int
    """Grows when the group's members, their names or roles change."""
    role: Role | None
    """None when the actor is not in the trip's group."""


class Caller(msgspec.Struct, frozen=True):
    """An actor, and its part in the trip that a request is about."""

    actor: Actor
    trip: TripAccess | None
    """None when the request names no trip, or one that does not exist."""
