"""What a resource may be declared with, and that all of it is honoured."""

import datetime
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import UNSET, Meta, Struct, UnsetType

from domain.explain import validate
from domain.fields import ClientRef, Date, DateTime, HHmm, Safe, TimeZone, Title, also, link
from domain.resource import Resource, declared
from domain.resources import LEG, RESOURCES, STAY
from domain.shape import MAX_INTEGER, members_of


class Price(Struct, rename="camel", kw_only=True):
    amount: Annotated[float, Meta(gt=0)] | UnsetType = UNSET
    taxes: Annotated[list[int], Meta(max_length=2)] | UnsetType = UNSET


class Expense(Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """Every kind of field there is."""

    title: Annotated[Title, Safe]
    amount_minor: Annotated[int, Safe]
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$"), Safe] | UnsetType = UNSET
    code: Annotated[str, Meta(min_length=3)] | UnsetType = UNSET
    share: Annotated[float, Meta(gt=0, lt=1)] | UnsetType = UNSET
    people: Annotated[int, Meta(ge=1, le=20)] | UnsetType = UNSET
    below: Annotated[int, Meta(gt=0, lt=10)] | UnsetType = UNSET
    paid: bool | UnsetType = UNSET
    how: Literal["cash", "card", "bank"] | UnsetType = UNSET
    day: Date | UnsetType = UNSET
    at: HHmm | UnsetType = UNSET
    moment: DateTime | UnsetType = UNSET
    zone: TimeZone | UnsetType = UNSET
    price: Annotated[Price, Safe] | UnsetType = UNSET
    parts: Annotated[list[Price], Meta(min_length=1, max_length=3), Safe] | UnsetType = UNSET
    tags: Annotated[list[Annotated[str, Meta(max_length=5)]], Safe] | UnsetType = UNSET
    hows: list[Literal["cash", "card"]] | UnsetType = UNSET
    two: Annotated[list[int], Meta(min_length=2)] | UnsetType = UNSET
    leg_id: Annotated[str, link("leg")] | UnsetType = UNSET
    client_ref: ClientRef | UnsetType = UNSET


def resource(struct: type[Struct], **options: Any) -> Resource:
    names = {"kind": "thing", "collection": "things", "id_param": "thingId", "snapshot": "things"}
    return Resource(struct=struct, **{**names, **options})


EXPENSE = resource(Expense, stamped=("approvedBy",))
SAMPLE = {"title": "Sushi", "amountMinor": 4200}


@pytest.mark.parametrize(
    "good",
    [
        {"amountMinor": MAX_INTEGER},
        {"amountMinor": -MAX_INTEGER},
        {"currency": "JPY", "code": "abc", "share": 0.5, "people": 20, "below": 9},
        {"paid": False, "how": "card", "day": "2026-07-15", "at": "09:00"},
        {"moment": "2026-07-15T09:00", "zone": "Asia/Tokyo"},
        {"price": {"amount": 1e-9, "more": [{}]}, "parts": [{}, {"taxes": [1, 2]}]},
        {"tags": [], "hows": ["cash"], "two": [1, 2, 3], "legId": ""},
    ],
)
def test_values_that_are_taken(good):
    fields, wrong = EXPENSE.validated({**SAMPLE, **good})
    assert wrong == []
    assert fields == {**SAMPLE, **good}


@pytest.mark.parametrize(
    ("wrong", "path", "reason", "words"),
    [
        ({"amountMinor": 4200.0}, "amountMinor", "wrong_type", "not 4200.0: send 4200"),
        ({"amountMinor": 4200.5}, "amountMinor", "wrong_type", "a whole number"),
        ({"amountMinor": 1e300}, "amountMinor", "wrong_type", "a whole number"),
        ({"amountMinor": True}, "amountMinor", "wrong_type", "not a boolean"),
        ({"amountMinor": "4200"}, "amountMinor", "wrong_type", "4200 without quotes"),
        ({"amountMinor": 2**53}, "amountMinor", "out_of_range", "to 9007199254740991"),
        ({"amountMinor": -(2**53)}, "amountMinor", "out_of_range", "from -9007199254740991"),
        ({"amountMinor": 10**400}, "amountMinor", "out_of_range", "9007199254740991"),
        ({"currency": "yen"}, "currency", "malformed", "a string that matches ^[A-Z]{3}$"),
        ({"code": "ab"}, "code", "out_of_range", "of at least 3 characters"),
        ({"code": ""}, "code", "empty", "of at least 3 characters"),
        ({"share": 0}, "share", "out_of_range", "above 0 below 1"),
        ({"share": 1}, "share", "out_of_range", "above 0 below 1"),
        ({"people": 0}, "people", "out_of_range", "a whole number from 1 to 20"),
        ({"people": 21}, "people", "out_of_range", "a whole number from 1 to 20"),
        ({"below": 0}, "below", "out_of_range", "above 0 below 10"),
        ({"below": 10}, "below", "out_of_range", "above 0 below 10"),
        ({"paid": "no"}, "paid", "wrong_type", "true or false"),
        ({"how": "credit"}, "how", "not_allowed", "one of cash, card, bank"),
        ({"price": {"amount": 0}}, "price.amount", "out_of_range", "a number above 0"),
        ({"price": {"taxes": [1, 2, 3]}}, "price.taxes", "too_long", "at most 2 items"),
        ({"price": {"taxes": [1, 2.0]}}, "price.taxes[1]", "wrong_type", "send 2"),
        ({"parts": []}, "parts", "empty", "a list of 1 to 3 items"),
        ({"parts": [{}] * 4}, "parts", "too_long", "at most 3 items"),
        ({"tags": ["short", "longer"]}, "tags[1]", "too_long", "at most 5 characters"),
        ({"hows": ["cash", "bank"]}, "hows[1]", "not_allowed", "one of cash, card"),
        ({"two": [1]}, "two", "out_of_range", "a list of at least 2 items"),
    ],
)
def test_every_constraint_is_told_and_none_is_a_bug(wrong, path, reason, words):
    (detail,) = validate(Expense, {**SAMPLE, **wrong})
    assert (detail.path, detail.reason) == (path, reason)
    assert words in detail.message


class Whole(Struct, forbid_unknown_fields=True):
    text: str


class Inner(Struct):
    price: Price | UnsetType = UNSET


class ClosedInner(Struct, forbid_unknown_fields=True):
    text: str | UnsetType = UNSET


class Tagged(Struct, tag="x"):
    text: str | UnsetType = UNSET


@pytest.mark.parametrize(
    "kind",
    [
        Annotated[float, Meta(multiple_of=0.5)],
        Annotated[int, Meta(multiple_of=2)],
        datetime.datetime,
        datetime.time,
        bytes,
        dict[str, str],
        dict,
        Any,
        object,
        str | int,
        str | None,
        Literal[1, 2],
        Literal["a", 1],
        tuple[int, int],
        set[str],
        list[list[int]],
        list[Any],
        Inner,
        list[Inner],
        ClosedInner,
        Tagged,
        msgspec.Raw,
    ],
    ids=str,
)
def test_what_could_not_be_honoured_fails_when_it_is_declared(kind):
    struct = msgspec.defstruct(
        "Odd",
        [("title", str), ("odd", kind | UnsetType, UNSET)],
        forbid_unknown_fields=True,
        kw_only=True,
    )
    with pytest.raises(TypeError, match=r"Odd\.odd|Inner\.price|Tagged"):
        resource(struct)


def odd(*fields: Any, closed: bool = True) -> type[Struct]:
    return msgspec.defstruct("Odd", fields, forbid_unknown_fields=closed, kw_only=True)


@pytest.mark.parametrize(
    ("struct", "options", "why"),
    [
        (odd(("title", str), closed=False), {}, "forbid_unknown_fields"),
        (odd(("title", str), ("paid", bool, False)), {}, "no default but UNSET"),
        (odd(("title", str | UnsetType, UNSET)), {}, "at least one field must be required"),
        (odd(("createdAt", str)), {}, "createdAt cannot be fields"),
        (odd(("title", str), ("approvedBy", str)), {"stamped": ("approvedBy",)}, "approvedBy"),
        (odd(("title", str), ("legId", str)), {"parent": LEG}, "legId cannot be fields"),
        (odd(("title", str), ("legRef", str)), {"parent": LEG}, "legRef cannot be fields"),
        (odd(("title", str), ("clientRef", int)), {}, "clientRef must be a string"),
        (odd(("title", str), ("legId", Annotated[int, link("leg")])), {}, "legId must be a str"),
        (
            odd(("legId", Annotated[str, link("leg")]), ("legRef", str)),
            {},
            "legRef cannot be fields",
        ),
    ],
)
def test_declarations_that_contradict_themselves(struct, options, why):
    with pytest.raises(TypeError, match=why):
        resource(struct, **options)


@pytest.mark.parametrize(
    ("extra", "why"),
    [
        (
            resource(odd(("stayId", Annotated[str, link("stay")]))),
            "stayId names a stay, which belongs to a leg",
        ),
        (resource(odd(("carId", Annotated[str, link("car")]))), "carId names no resource before"),
        (resource(odd(("title", str)), kind="leg"), "another resource has this kind"),
        (resource(odd(("title", str)), snapshot="legs"), "another resource has this snapshot"),
        (resource(odd(("title", str)), parent=STAY), "names a stay, which belongs to a leg"),
    ],
)
def test_resources_that_do_not_fit_each_other(extra, why):
    with pytest.raises(TypeError, match=why):
        declared(*RESOURCES, extra)


def test_resources_that_do():
    assert declared(*RESOURCES, EXPENSE) == (*RESOURCES, EXPENSE)


def test_what_the_server_stamps_can_be_sent_back():
    sent = EXPENSE.sent({**SAMPLE, "approvedBy": "u", "completedAt": "x"})
    assert sent == SAMPLE


def test_what_callers_call_a_field_is_declared_beside_it():
    class Seat(Struct, forbid_unknown_fields=True):
        number: Annotated[str, also("seatNumber", "place")]

    assert members_of(Seat).names.find("seat_number") == ["number"]
    assert members_of(Seat).names.find("places") == ["number"]
    assert members_of(Seat).names.find("numbr") == ["number"]
    assert members_of(Seat).names.find("colour") == []
