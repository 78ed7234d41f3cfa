"""Who acts, and what an actor may do with a trip (contract section 3)."""

import pytest

from domain.access import require_scope, require_trip, require_unlimited
from domain.actor import SYSTEM, Actor, TripAccess
from domain.errors import Forbidden, NotFound
from domain.revisions import Revisions
from domain.scopes import Role, Scopes

NOON = "2026-07-15T12:00:00.000Z"


def actor(*scopes: str, **options) -> Actor:
    return Actor("u", "Olga", "o@x.org", Scopes(scopes or ["trips:read"]), **options)


def part(role: Role | None) -> TripAccess:
    return TripAccess(Revisions(1, 1, 1, 1), 0, role)


@pytest.mark.parametrize(
    ("expires", "good"),
    [
        (None, True),
        ("2026-07-15T12:00:00.001Z", True),
        ("2026-07-15T12:00:00.000Z", False),
        ("2026-07-15T11:59:59.999Z", False),
    ],
)
def test_a_key_is_good_until_it_expires(expires, good):
    assert actor(expires_at=expires).may_act_at(NOON) is good


def test_idempotency_keys_belong_to_a_key_or_to_the_user_of_a_session():
    assert actor(key_id="k1").idempotency_scope == "k1"
    assert actor(session_id="s1").idempotency_scope == actor(session_id="s2").idempotency_scope
    assert actor(session_id="s1").idempotency_scope != actor(key_id="u").idempotency_scope


def test_the_system_is_no_user_and_has_no_scope():
    assert SYSTEM.user_id is None
    with pytest.raises(AssertionError):
        _ = SYSTEM.user
    with pytest.raises(Forbidden):
        require_scope(SYSTEM, "trips:read")


def test_a_scope_of_one_trip_is_a_scope_but_not_for_all():
    limited = actor("trips:write:t1")
    require_scope(limited, "trips:write")
    with pytest.raises(Forbidden, match="trips:write:t1"):
        require_scope(limited, "trips:read")
    with pytest.raises(Forbidden, match="all trips"):
        require_unlimited(limited, "trips:write")
    require_unlimited(actor("trips:write"), "trips:write")


def require(who: Actor, trip: TripAccess | None, trip_id: str = "t1", *, writes: bool = True):
    require_trip(who, trip, trip_id, "trips:write", writes=writes)


def test_a_key_limited_to_a_trip_is_told_nothing_of_others():
    limited = actor("trips:write:t1")
    require(limited, part(Role.EDITOR))
    for trip in (part(Role.OWNER), None):
        with pytest.raises(Forbidden, match="t1"):
            require(limited, trip, "t2")


def test_a_trip_is_found_before_access_to_it_is_looked_at():
    unlimited = actor("trips:write")
    with pytest.raises(NotFound):
        require(unlimited, None)
    with pytest.raises(Forbidden, match="not in"):
        require(unlimited, part(None))


@pytest.mark.parametrize("role", Role)
def test_a_viewer_reads_and_does_not_write(role):
    unlimited = actor("trips:write")
    require(unlimited, part(role), writes=False)
    if role is Role.VIEWER:
        with pytest.raises(Forbidden, match="viewer"):
            require(unlimited, part(role))
    else:
        require(unlimited, part(role))
