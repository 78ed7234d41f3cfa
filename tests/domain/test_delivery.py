"""Signatures as the standard's own library checks them, and when a delivery is tried again."""

import datetime

import msgspec
import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from domain.delivery import RETRY_SECONDS, body_of, is_success, secret_of, signed_headers

SECRET = secret_of(bytes(range(32)))


def unix_now() -> int:
    """The library takes signatures of the last minutes only."""
    return int(datetime.datetime.now(datetime.UTC).timestamp())


def test_the_standards_own_library_takes_the_signature():
    body = body_of("trip.changed", "2026-07-15T10:00:00.000Z", b'{"tripId":"t","rev":2}')
    headers = signed_headers(SECRET, "d1", unix_now(), body)
    assert Webhook(SECRET).verify(body, dict(headers)) == {
        "type": "trip.changed",
        "timestamp": "2026-07-15T10:00:00.000Z",
        "data": {"tripId": "t", "rev": 2},
    }
    assert set(headers) == {"webhook-id", "webhook-timestamp", "webhook-signature"}


@pytest.mark.parametrize(
    ("name", "value"),
    [("webhook-id", "d2"), ("webhook-timestamp", ""), ("webhook-signature", "v1,AAAA")],
)
def test_it_takes_no_other(name, value):
    headers = signed_headers(SECRET, "d1", unix_now(), b"{}")
    headers = {**headers, name: value or f"{unix_now() + 1}"}
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(b"{}", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(b"[]", {**signed_headers(SECRET, "d1", unix_now(), b"{}")})


def test_the_example_of_the_specification():
    """Signatures, of Standard Webhooks' README."""
    headers = signed_headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_body_is_json():
    body = body_of("test", "2026-07-15T10:00:00.000Z", b"{}")
    assert msgspec.json.decode(body)["data"] == {}


def test_the_attempts_follow_each_other_as_the_contract_says():
    minute, hour = 60, 3600
    assert [*RETRY_SECONDS] == [
        5,
        5 * minute,
        30 * minute,
        2 * hour,
        5 * hour,
        10 * hour,
        10 * hour,
    ]


def test_any_2xx_is_success_and_nothing_else_is():
    assert all(is_success(status) for status in (200, 201, 202, 204, 299))
    assert not any(is_success(status) for status in (None, 100, 199, 300, 301, 400, 410, 500))
