"""What a key may do."""

import pytest

from domain.scopes import BASE_SCOPES, Role, Scopes, is_scope


@pytest.mark.parametrize("base", BASE_SCOPES)
def test_the_base_scopes_alone_and_limited_to_a_trip(base):
    assert is_scope(base)
    assert is_scope(f"{base}:jx7abc0")
    assert is_scope(f"{base}:{'a' * 32}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "trips",
        "trips:",
        "trips:delete",
        "trips:read:",
        "trips:read:A",
        "trips:read:a:b",
        "trips:read:a b",
        "trips:read\n",
        "trips:read:abc\n",
        f"trips:read:{'a' * 33}",
        " trips:read",
        "TRIPS:READ",
        "messages:send",
        "*",
        "trips:read:é",
    ],
)
def test_what_is_no_scope(text):
    assert not is_scope(text)


def test_an_unlimited_scope_covers_every_trip():
    scopes = Scopes(["trips:read"])
    assert scopes.has_unlimited("trips:read")
    assert scopes.has_any("trips:read")
    assert scopes.covers("trips:read", "a")
    assert scopes.trips("trips:read") == frozenset()


def test_a_limited_scope_covers_its_trips_only():
    scopes = Scopes(["trips:read:a", "trips:read:b"])
    assert not scopes.has_unlimited("trips:read")
    assert scopes.has_any("trips:read")
    assert scopes.trips("trips:read") == {"a", "b"}
    assert scopes.covers("trips:read", "a")
    assert not scopes.covers("trips:read", "c")
    assert not scopes.covers("trips:read", "")


@pytest.mark.parametrize("held", BASE_SCOPES)
@pytest.mark.parametrize("wanted", BASE_SCOPES)
def test_no_scope_implies_another(held, wanted):
    """Above all: write does not imply read (contract section 3)."""
    for scopes in (Scopes([held]), Scopes([f"{held}:a"])):
        assert scopes.has_any(wanted) == (held == wanted)
        assert scopes.covers(wanted, "a") == (held == wanted)
    assert Scopes([held]).has_unlimited(wanted) == (held == wanted)


def test_limited_and_unlimited_scopes_of_one_kind_add_up():
    scopes = Scopes(["trips:read:a", "trips:read", "trips:write:a"])
    assert scopes.covers("trips:read", "z")
    assert scopes.covers("trips:write", "a")
    assert not scopes.covers("trips:write", "z")
    assert scopes.all == ("trips:read:a", "trips:read", "trips:write:a")


def test_a_key_without_scopes_may_nothing():
    scopes = Scopes([])
    assert not any(scopes.has_any(base) for base in BASE_SCOPES)


def test_viewers_do_not_write():
    assert [role.value for role in Role if role.may_write] == ["owner", "editor"]
    assert {role.value for role in Role} == {"owner", "editor", "viewer"}
