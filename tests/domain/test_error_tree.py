"""The tree of failures (contract section 2)."""

import msgspec
import pytest

from domain import errors
from domain.errors import (
    ERRORS,
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
    error = ValidationFailed([Detail("title", "required"), Detail("startDate", "required")])
    assert msgspec.json.decode(msgspec.json.encode(error.body("req_1"))) == {
        "error": {
            "code": "VALIDATION_ERROR",
            "message": "Missing required fields: title, startDate",
            "requestId": "req_1",
            "details": [
                {"path": "title", "reason": "required"},
                {"path": "startDate", "reason": "required"},
            ],
        }
    }
    assert (
        "details" not in msgspec.json.decode(msgspec.json.encode(Internal().body("req_1")))["error"]
    )


@pytest.mark.parametrize(
    ("details", "message"),
    [
        ([Detail("a", "empty")], "Invalid fields: a (empty)"),
        ([Detail("", "wrong_type")], "Invalid fields: body (wrong_type)"),
        (
            [Detail("a", "empty"), Detail("b", "required")],
            "Missing required fields: b; Invalid fields: a (empty)",
        ),
    ],
)
def test_the_sentence_over_all_details(details, message):
    assert ValidationFailed(details).message == message


@pytest.mark.parametrize(
    ("path", "below"),
    [("", "items[3]"), ("title", "items[3].title"), ("[1]", "items[3][1]")],
)
def test_a_detail_seen_from_further_up(path, below):
    assert Detail(path, "empty").below("items[3]") == Detail(below, "empty")


def test_a_bug_tells_nothing_of_itself():
    assert Internal().message == CarnetError.summary
    assert errors.Internal.status == 500
