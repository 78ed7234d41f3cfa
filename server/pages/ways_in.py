"""Ways to sign in beside a password, as this server and this request have them."""

from typing import NamedTuple

from server import relying_party
from server.pages.visit import Visit


class WaysIn(NamedTuple):
    """What the sign-in page and the account's offer."""

    passkeys: bool
    """Whether browsers take passkeys here."""
    provider: str
    """What is on the button of the provider; empty for none."""
    mail: bool
    """Whether a forgotten password can be helped by e-mail."""
    trouble: str | None
    """Why signing in by the provider has failed, by `?trouble=`, a name in the catalogue."""


def ways_in(visit: Visit) -> WaysIn:
    """What there is for a visit."""
    settings = visit.call.services.settings
    oidc, words = settings.oidc, visit.words
    return WaysIn(
        relying_party.find(visit.call.request, visit.call.services) is not None,
        words("provider.sign_in", name=oidc.name) if oidc.issuer else "",
        bool(settings.mail.url),
        words.get(f"provider_trouble.{visit.query.get('trouble', '')}"),
    )
