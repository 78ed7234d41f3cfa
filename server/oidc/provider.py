"""A provider, by what it tells of itself (OpenID Connect Discovery 1.0, sections 3 and 4)."""

import time
from typing import Any, Final

import msgspec

from runtime.settings import Oidc
from server.oidc.fetching import ProviderFailed, basic, fetch, require_safe

_KEPT_SECONDS: Final = 3600.0


class Metadata(msgspec.Struct, kw_only=True):
    """Where a provider has what, and how it likes to be asked."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class KeySet(msgspec.Struct):
    """A provider's public keys (RFC 7517)."""

    keys: list[dict[str, Any]]


class Tokens(msgspec.Struct, kw_only=True):
    """What a code is exchanged for."""

    id_token: str
    access_token: str = ""


class UserInfo(msgspec.Struct, kw_only=True):
    """What a provider tells of a person beside the ID token (Core 1.0, section 5.3)."""

    sub: str
    email: str | None = None
    email_verified: bool | str | None = None
    name: str | None = None

    @property
    def verified_email(self) -> str:
        """The address, where the provider has verified it; else empty."""
        # Some write it as text.
        return (self.email or "") if self.email_verified in (True, "true") else ""


class Provider:
    """The provider of the settings; what it tells of itself is kept for an hour."""

    def __init__(self, settings: Oidc) -> None:
        self.settings = settings
        self._metadata: Metadata | None = None
        self._keys: KeySet | None = None
        self._ends_at = 0.0

    async def metadata(self) -> Metadata:
        """Where it has what; `ProviderFailed` where it is another than the settings name."""
        if self._metadata is None or time.monotonic() >= self._ends_at:
            self._metadata = await self._discover()
            self._keys = None
            self._ends_at = time.monotonic() + _KEPT_SECONDS
        return self._metadata

    async def _discover(self) -> Metadata:
        issuer = self.settings.issuer
        found = await fetch(f"{issuer.rstrip('/')}/.well-known/openid-configuration", Metadata)
        if found.issuer != issuer:
            raise ProviderFailed(f"it calls itself {found.issuer!r}, not {issuer!r}")
        for url in (
            *(found.authorization_endpoint, found.token_endpoint, found.jwks_uri),
            *filter(None, [found.userinfo_endpoint]),
        ):
            require_safe(url, issuer)
        return found

    async def keys(self, *, anew: bool = False) -> KeySet:
        """Its keys; `anew` where there is one that was not known."""
        metadata = await self.metadata()
        if self._keys is None or anew:
            self._keys = await fetch(metadata.jwks_uri, KeySet)
        return self._keys

    async def exchange(self, code: str, verifier: str, redirect_uri: str) -> Tokens:
        """What a code is worth (RFC 6749 section 4.1.3, RFC 7636 section 4.5)."""
        metadata, settings = await self.metadata(), self.settings
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        authorization = None
        if not settings.client_secret:
            form["client_id"] = settings.client_id
        elif "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            authorization = basic(settings.client_id, settings.client_secret)
        else:
            form |= {"client_id": settings.client_id, "client_secret": settings.client_secret}
        return await fetch(metadata.token_endpoint, Tokens, form=form, authorization=authorization)

    async def user_info(self, access_token: str) -> UserInfo | None:
        """What it tells of the person an access token is for; None where it tells nothing."""
        endpoint = (await self.metadata()).userinfo_endpoint
        if endpoint is None or not access_token:
            return None
        return await fetch(endpoint, UserInfo, authorization=f"Bearer {access_token}")
