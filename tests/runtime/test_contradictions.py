"""Settings that go together, or do not."""

import pytest

from runtime.configuration import load_settings
from runtime.contradictions import links_stay_here
from tests.runtime.loading import refusal

pytestmark = pytest.mark.usefixtures("elsewhere")


def test_the_bodies_in_flight_hold_the_largest_body():
    wanted = {"CARNET_HTTP__MAX_BODY_BYTES": "200000000"}
    text = refusal(None, wanted)
    assert text.startswith("http.max_inflight_bytes: must be at least http.max_body_bytes")
    assert "200000000" in text
    load_settings(None, wanted | {"CARNET_HTTP__MAX_INFLIGHT_BYTES": "200000000"})


def test_answers_are_kept_no_longer_than_the_jobs_they_come_from():
    wanted = {"CARNET_RETENTION__IDEMPOTENCY_HOURS": "49", "CARNET_RETENTION__JOBS_DAYS": "2"}
    text = refusal(None, wanted)
    assert text.startswith("retention.idempotency_hours: must be at most 48, the hours of")
    load_settings(None, wanted | {"CARNET_RETENTION__JOBS_DAYS": "3"})


def test_a_provider_needs_an_address_to_lead_back_to():
    variables = {
        "CARNET_OIDC__ISSUER": "https://id.example.org",
        "CARNET_OIDC__CLIENT_ID": "carnet",
        "CARNET_HTTP__HOST": "192.168.1.5",
    }
    assert refusal(None, variables).startswith("http.public_url: must be set where oidc.issuer is")
    load_settings(None, variables | {"CARNET_HTTP__PUBLIC_URL": "https://trips.example.org"})


@pytest.mark.parametrize(
    ("host", "public_url", "here"),
    [
        ("127.0.0.1", "", False),
        ("127.1.2.3", "", False),
        ("::1", "", False),
        ("localhost", "", False),
        ("0.0.0.0", "", True),  # noqa: S104 - told, not bound
        ("::", "", True),
        ("[::]", "", True),
        ("192.168.1.5", "", True),
        ("trips.example.org", "", True),
        ("0.0.0.0", "https://trips.example.org", False),  # noqa: S104
    ],
)
def test_whether_links_stay_on_this_machine(host, public_url, here):
    variables = {"CARNET_HTTP__HOST": host, "CARNET_HTTP__PUBLIC_URL": public_url}
    assert links_stay_here(load_settings(None, variables)) is here
