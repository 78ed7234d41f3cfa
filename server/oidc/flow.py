"""To the provider and back (OpenID Connect Core 1.0, section 3.1; RFC 7636, RFC 9207, RFC 9700)."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec
import structlog
from yarl import URL

from runtime.ids import new_secret
from server import cookies
from server.oidc.fetching import ProviderFailed
from server.oidc.provider import Provider, Tokens, UserInfo
from server.route import Call
from storage import challenges

CALLBACK: Final = "/sign-in/provider/callback"

Why = Literal["cancelled", "failed", "over", "unknown", "unverified"]

_log = structlog.get_logger("carnet.oidc")


class Trouble(Exception):
    """Nobody is signed in; `why` has a sentence in the catalogue."""

    def __init__(self, why: Why, following: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.following = following
        """Where the sign-in was to lead, as far as that is known."""


class Begun(msgspec.Struct):
    """What is remembered while somebody is at the provider."""

    nonce: str
    verifier: str
    following: str


async def begin(call: Call, following: str) -> tuple[str, str]:
    """The provider's address to go to, and the value of a Set-Cookie header; `Trouble`.

    The state alone leads nowhere: what it was begun with is found only together with the cookie,
    so that nobody can be signed in by what another has begun (login CSRF, RFC 9700 section 4.7).
    """
    services = call.services
    provider, settings = services.provider, services.settings.oidc
    try:
        endpoint = (await provider.metadata()).authorization_endpoint
    except ProviderFailed as error:
        raise _failed(error, following) from error
    state, browser = new_secret(), new_secret()
    begun = Begun(new_secret(), new_secret(), following)
    held, data = state + browser, msgspec.json.encode(begun).decode()
    await services.store.write(
        lambda tx: challenges.begin(tx, "provider", held, data, call.unix_seconds)
    )
    digest = hashlib.sha256(begun.verifier.encode()).digest()
    to = URL(endpoint, encoded=True).update_query(
        response_type="code",
        client_id=settings.client_id,
        redirect_uri=services.public_url + CALLBACK,
        scope=settings.scopes,
        state=state,
        nonce=begun.nonce,
        code_challenge=base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        code_challenge_method="S256",
    )
    seconds = challenges.SECONDS
    return str(to), cookies.set_begun_at_provider(call.request, services, browser, seconds)


async def finish(call: Call, query: Mapping[str, str]) -> tuple[UserInfo, str]:
    """Whom the provider has let in, and where that is to lead; `Trouble`."""
    browser = cookies.begun_at_provider(call.request, call.services)
    held = query.get("state", "") + browser
    taken = await call.services.store.write(
        lambda tx: challenges.take(tx, "provider", held, call.unix_seconds)
    )
    if taken is None or not browser:
        raise Trouble("over")
    begun = msgspec.json.decode(taken, type=Begun)
    if query.get("error") in ("access_denied", "login_required", "interaction_required"):
        raise Trouble("cancelled", begun.following)
    try:
        return await _identified(call, begun, query), begun.following
    except (ProviderFailed, ValueError) as error:
        raise _failed(error, begun.following) from error


async def _identified(call: Call, begun: Begun, query: Mapping[str, str]) -> UserInfo:
    provider = call.services.provider
    metadata = await provider.metadata()
    told = query.get("iss")
    if told is None and metadata.authorization_response_iss_parameter_supported:
        raise ValueError("the answer does not say which provider it is from")
    if told is not None and told != metadata.issuer:
        raise ValueError(f"the answer is from another provider: {told[:200]!r}")
    if not query.get("code"):
        raise ValueError(f"there is no code: {query.get('error', '')[:200]!r}")
    back = call.services.public_url + CALLBACK
    tokens = await provider.exchange(query["code"], begun.verifier, back)
    known = await _checked(call, provider, tokens, begun.nonce)
    if known.email:
        return known
    more = await provider.user_info(tokens.access_token)
    if more is None:
        return known
    if not hmac.compare_digest(more.sub.encode(), known.sub.encode()):
        raise ValueError("userinfo tells of somebody else")
    return more


async def _checked(call: Call, provider: Provider, tokens: Tokens, nonce: str) -> UserInfo:
    """Whom the ID token tells of; the provider's keys are asked for anew where it has a new one."""
    expected = {
        "issuer": provider.settings.issuer,
        "client_id": provider.settings.client_id,
        "nonce": nonce,
        "now": call.unix_seconds,
    }
    keys = (await provider.keys()).keys
    known = await asyncio.to_thread(_check, tokens.id_token, keys, **expected)
    if known is None:
        keys = (await provider.keys(anew=True)).keys
        known = await asyncio.to_thread(_check, tokens.id_token, keys, **expected)
    if known is None:
        raise ValueError("the ID token is signed by a key that the provider does not tell of")
    return known


def _check(token: str, keys: list[dict[str, Any]], **expected: Any) -> UserInfo | None:
    """Whom a token tells of, None where its key is unknown; ValueError where it does not hold."""
    from server.oidc import tokens

    try:
        return tokens.check(token, keys, **expected)
    except tokens.UnknownKey:
        return None
    except tokens.BadToken as error:
        raise ValueError(f"ID token: {error}") from error


def _failed(error: Exception, following: str) -> Trouble:
    _log.warning("provider_failed", reason=str(error))
    return Trouble("failed", following)
