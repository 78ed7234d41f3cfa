"""A provider of OpenID Connect that does as it should (Core 1.0), and lies where it is told to."""

import base64
import contextlib
import dataclasses
import hashlib
import hmac
import json
import socket
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote_plus

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from yarl import URL

CLIENT_ID = "carnet at home"
CLIENT_SECRET = "a secret: with %"


@dataclasses.dataclass
class Lies:
    """What it does wrong; what it does right is the default."""

    claims: dict[str, Any] = dataclasses.field(default_factory=dict)
    """Put over those of the ID token; None takes one away."""
    answer: dict[str, Any] = dataclasses.field(default_factory=dict)
    """Put over the parameters that lead back; None takes one away."""
    discovery: dict[str, Any] = dataclasses.field(default_factory=dict)
    """Put over what it tells of itself."""
    info: dict[str, Any] = dataclasses.field(default_factory=dict)
    """Put over what it tells at userinfo."""
    forged_by: str = ""
    """How the ID token is signed: `none`, `HS256` with its public key, by `another` key of the same
    name, by one that is `unknown`, or `renewed`, by one that it has only just made."""
    tokens: str = ""
    """What is answered in place of tokens."""
    redirects: bool = False
    """Whether the endpoint of tokens leads elsewhere."""


@dataclasses.dataclass
class Provider:
    """One on this machine."""

    issuer: str
    person: dict[str, Any] = dataclasses.field(
        default_factory=lambda: {
            "sub": "subject-1",
            "email": "owner@example.org",
            "email_verified": True,
            "name": "Olga",
        }
    )
    lies: Lies = dataclasses.field(default_factory=Lies)
    key: RSAKey | ECKey = dataclasses.field(
        default_factory=lambda: RSAKey.generate_key(2048, {"kid": "first"})
    )
    algorithm: str = "RS256"
    asked: list[dict[str, str]] = dataclasses.field(default_factory=list)
    """The requests for a code."""
    codes: dict[str, dict[str, str]] = dataclasses.field(default_factory=dict)
    exchanges: list[dict[str, str]] = dataclasses.field(default_factory=list)
    issued: list[str] = dataclasses.field(default_factory=list)
    """ID tokens."""
    told_keys: int = 0
    """How often it was asked for its keys."""

    async def discovery(self, _request: web.Request) -> web.Response:
        told = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize?theme=blue",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/me",
            "authorization_response_iss_parameter_supported": True,
        }
        return web.json_response({**told, **self.lies.discovery})

    async def keys(self, _request: web.Request) -> web.Response:
        self.told_keys += 1
        other = {"kty": "oct", "k": "c2VjcmV0", "kid": "secret"}
        return web.json_response({"keys": [other, self.key.as_dict(private=False)]})

    async def authorize(self, request: web.Request) -> web.Response:
        """Lets its person in at once, and leads them back."""
        query = dict(request.query)
        self.asked.append(query)
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        code = f"code-{len(self.asked)}"
        self.codes[code] = query
        answer = {"code": code, "state": query["state"], "iss": self.issuer, **self.lies.answer}
        told = {name: value for name, value in answer.items() if value is not None}
        raise web.HTTPFound(URL(query["redirect_uri"]).update_query(told))

    async def token(self, request: web.Request) -> web.Response:
        if self.lies.redirects:
            raise web.HTTPTemporaryRedirect(f"{self.issuer}/elsewhere")
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.exchanges.append(form)
        asked = self.codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = _base64url(digest)
        if asked is None or not self._is_client(request, form):
            return web.json_response({"error": "invalid_grant"}, status=400)
        if (asked["code_challenge"], asked["redirect_uri"]) != (challenge, form["redirect_uri"]):
            return web.json_response({"error": "invalid_grant"}, status=400)
        if self.lies.tokens:
            return web.Response(text=self.lies.tokens, content_type="application/json")
        return web.json_response(
            {
                "access_token": "access",
                "token_type": "Bearer",
                "id_token": self._id_token(asked["nonce"]),
            }
        )

    def _is_client(self, request: web.Request, form: dict[str, str]) -> bool:
        kind, _, sent = request.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            pair = base64.b64decode(sent).decode().split(":")
            return [unquote_plus(part) for part in pair] == [CLIENT_ID, CLIENT_SECRET]
        return form.get("client_id") == CLIENT_ID

    def _id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            **self.person,
            **self.lies.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        self.issued.append(self._signed(claims))
        return self.issued[-1]

    def _signed(self, claims: dict[str, Any]) -> str:
        header: dict[str, Any] = {"alg": self.algorithm, "kid": self.key.kid}
        key = self.key
        match self.lies.forged_by:
            case "none":
                return f"{_unsigned({**header, 'alg': 'none'}, claims)}."
            case "HS256":
                text = _unsigned({**header, "alg": "HS256"}, claims)
                secret = self.key.as_pem(private=False)
                return f"{text}.{_base64url(hmac.digest(secret, text.encode(), 'sha256'))}"
            case "another":
                key = RSAKey.generate_key(2048, {"kid": "first"})
            case "unknown":
                key = RSAKey.generate_key(2048, {"kid": "nobody's"})
                header["kid"] = "nobody's"
            case "renewed":
                self.key = key = RSAKey.generate_key(2048, {"kid": "second"})
                header["kid"] = "second"
        return jwt.encode(header, claims, key, algorithms=[header["alg"]])

    async def me(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer access"
        return web.json_response({**self.person, **self.lies.info})


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    """What is signed of a token (RFC 7515 section 5.1)."""
    return ".".join(_base64url(json.dumps(part).encode()) for part in (header, claims))


@contextlib.asynccontextmanager
async def running_provider() -> AsyncIterator[Provider]:
    """A provider on a free port."""
    listening = socket.create_server(("127.0.0.1", 0))
    provider = Provider(f"http://127.0.0.1:{listening.getsockname()[1]}/home")
    app = web.Application()
    below = "/home"
    app.router.add_get(f"{below}/.well-known/openid-configuration", provider.discovery)
    app.router.add_get(f"{below}/keys", provider.keys)
    app.router.add_get(f"{below}/authorize", provider.authorize)
    app.router.add_post(f"{below}/token", provider.token)
    app.router.add_get(f"{below}/me", provider.me)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    try:
        yield provider
    finally:
        await runner.cleanup()
