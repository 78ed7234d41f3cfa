"""The tree of failures (contract section 2)."""

import msgspec
import pytest

from domain import errors
from domain.errors import (
    ERRORS,
    MAX_DETAILS,
    CarnetError,
    Detail,
    Internal,
    RateLimited,
    Unauthorized,
    Unavailable,
    ValidationFailed,
)

CODES = {
    "VALIDATION_ERROR": 400,
    "UNAUTHORIZED": 401,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "IDEMPOTENCY_CONFLICT": 409,
    "CONFLICT": 409,
    "GONE": 410,
    "PRECONDITION_FAILED": 412,
    "PAYLOAD_TOO_LARGE": 413,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "RATE_LIMITED": 429,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
}


def test_codes_and_statuses_are_those_of_the_contract():
    assert {error.code: error.status for error in ERRORS} == CODES
    assert len(ERRORS) == len(CODES)


def test_the_tuple_has_the_whole_tree():
    assert set(ERRORS) == set(CarnetError.__subclasses__())


def test_headers_that_belong_to_a_failure():
    assert Unauthorized().headers == {"WWW-Authenticate": "Bearer"}
    assert RateLimited(17).headers == {"Retry-After": "17"}
    assert Unavailable().headers == {"Retry-After": "1"}


def test_the_envelope():
    error = ValidationFailed(
        [
            Detail("title", "required", "required: a string"),
            Detail("startDate", "required", "required: a date as 2026-07-15"),
        ]
    )
    assert msgspec.json.decode(msgspec.json.encode(error.body("req_1"))) == {
        "error": {
            "code": "VALIDATION_ERROR",
            "message": "Missing required fields: title, startDate",
            "requestId": "req_1",
            "details": [
                {"path": "title", "reason": "required", "message": "required: a string"},
                {
                    "path": "startDate",
                    "reason": "required",
                    "message": "required: a date as 2026-07-15",
                },
            ],
        }
    }
    assert (
        "details" not in msgspec.json.decode(msgspec.json.encode(Internal().body("req_1")))["error"]
    )


@pytest.mark.parametrize(
    ("details", "message"),
    [
        ([Detail("a", "empty", "must not be empty")], "a: must not be empty"),
        ([Detail("", "wrong_type", "an object")], "body: an object"),
        (
            [Detail("a", "empty", "must not be empty"), Detail("b", "required", "required")],
            "Missing required fields: b; a: must not be empty",
        ),
        (
            [Detail(f"f{n}", "empty", "x") for n in range(7)],
            "f0: x; f1: x; f2: x; f3: x; f4: x; and 2 more",
        ),
        ([Detail("p" * 500, "empty", "x")], f"{'p' * 80}…: x"),
    ],
)
def test_the_sentence_over_all_details(details, message):
    assert ValidationFailed(details).message == message


@pytest.mark.parametrize(
    ("path", "below"),
    [("", "items[3]"), ("title", "items[3].title"), ("[1]", "items[3][1]")],
)
def test_a_detail_seen_from_further_up(path, below):
    assert Detail(path, "empty", "x").below("items[3]") == Detail(below, "empty", "x")


def test_an_answer_has_1000_details_at_most_and_says_how_many_there_were():
    wrong = [Detail(f"f{number}", "required", "required") for number in range(1_234)]
    error = ValidationFailed(wrong)
    assert error.details == wrong[:MAX_DETAILS]
    assert MAX_DETAILS == 1_000
    assert error.message.startswith("Missing required fields: f0, f1, ")
    assert error.message.endswith("and at least 1214 more; the first 1000 are listed")
    assert len(error.message) < 500
    assert ValidationFailed(wrong[:MAX_DETAILS]).details == wrong[:MAX_DETAILS]


def test_an_item_of_many_has_as_many_details_as_there_is_room_for():
    error = ValidationFailed([Detail(name, "empty", "x") for name in "abc"])
    assert error.for_item().details == error.details
    assert error.for_item(2).details == error.details[:2]
    assert error.for_item(0).details is msgspec.UNSET
    assert error.for_item(0).message == error.message


def test_a_bug_tells_nothing_of_itself():
    assert Internal().message == CarnetError.summary
    assert errors.Internal.status == 500
