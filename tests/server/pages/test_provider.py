"""Signing in by a provider of OpenID Connect, by raw HTTP: each lie of its is found out."""

import time
from urllib.parse import parse_qs, urlsplit

import aiohttp
import msgspec
import pytest
from joserfc.jwk import ECKey
from yarl import URL

from runtime.settings import Oidc, Settings
from tests.provider import CLIENT_ID, CLIENT_SECRET, Lies, running_provider
from tests.support import World, set_up

EVIL = "https://evil.example"


@pytest.fixture
def storage_url(tmp_path):
    """One database is enough: what is stored is tested on all of them elsewhere."""
    return f"sqlite:///{tmp_path}/carnet.db"


@pytest.fixture
async def provider():
    async with running_provider() as running:
        yield running


def oidc(provider, **more):
    return Oidc(
        issuer=provider.issuer,
        client_id=CLIENT_ID,
        name="Home",
        **{"client_secret": CLIENT_SECRET, **more},
    )


@pytest.fixture
def settings(settings, provider):
    return msgspec.structs.replace(settings, oidc=oidc(provider))


class Browser:
    """Goes where it is led, one step at a time, with cookies by name as a browser keeps them."""

    def __init__(self, world: World) -> None:
        self.base = world.running.base
        self.session = world.client._session
        self.cookies: dict[str, str] = {}

    async def get(self, path: str) -> tuple[int, str, str]:
        """Status, where that leads, and the page."""
        headers = {"Accept": "text/html"}
        if path.startswith(("/", self.base)):
            headers["Cookie"] = "; ".join(f"{n}={v}" for n, v in self.cookies.items())
        url = path if path.startswith("http") else f"{self.base}{path}"
        async with self.session.get(
            URL(url, encoded=True), headers=headers, allow_redirects=False
        ) as response:
            for name, cookie in response.cookies.items():
                self.cookies[name] = cookie.value
            return response.status, response.headers.get("Location", ""), await response.text()

    async def back(self, following: str = "") -> str:
        """To the provider, and the address by which that leads back."""
        _, to, _ = await self.get(f"/sign-in/provider{following}")
        _, back, _ = await self.get(to)
        return back

    async def sign_in(self, following: str = "") -> str:
        """Where a whole sign-in leads."""
        status, to, _ = await self.get(await self.back(following))
        assert status == 303
        return to

    async def who(self) -> str:
        """The address of whoever is signed in; "" for nobody."""
        async with self.session.get(
            f"{self.base}/api/v1/me", headers={"Cookie": f"__Host-carnet={self.token}"}
        ) as response:
            return (await response.json())["user"]["email"] if response.status == 200 else ""

    @property
    def token(self) -> str:
        return self.cookies.get("__Host-carnet", "")


@pytest.fixture
async def browser(world):
    await set_up(world)
    return Browser(world)


async def refused(browser: Browser, why: str) -> None:
    """A sign-in leads back to its page, with a sentence, and nobody is signed in."""
    to = await browser.sign_in()
    assert to == f"/sign-in?trouble={why}&next=%2Ftrips"
    assert not browser.token
    _, _, page = await browser.get(to)
    assert 'role="alert"' in page


async def test_one_whose_address_has_an_account_is_signed_in(world, browser, provider):
    _, _, page = await browser.get("/sign-in")
    assert "Sign in with Home" in page
    assert await browser.sign_in("?next=/trips/x?a=b") == "/trips/x?a=b"
    assert await browser.who() == world.owner.email
    (asked,) = provider.asked
    assert asked["redirect_uri"] == f"{world.running.base}/sign-in/provider/callback"
    assert asked["scope"] == "openid email profile"
    assert asked["theme"] == "blue"
    assert len(asked["state"]) >= 43
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3


async def test_the_session_is_new_and_the_one_before_is_over(browser, provider):
    await browser.sign_in()
    before = browser.token
    await browser.sign_in()
    assert browser.token != before
    browser.cookies["__Host-carnet"] = before
    assert not await browser.who()


async def test_one_is_known_by_the_subject_whatever_the_address_becomes(browser, provider, world):
    await browser.sign_in()
    provider.person |= {"email": "new@example.org", "email_verified": False}
    await browser.sign_in()
    assert await browser.who() == world.owner.email


async def test_an_address_that_went_to_another_lets_them_into_no_account(browser, provider):
    await browser.sign_in()
    browser.cookies.clear()
    provider.person["sub"] = "subject-2"
    await refused(browser, "unknown")


@pytest.mark.parametrize("verified", [False, None, "false", "yes"])
async def test_an_address_that_is_not_verified_counts_for_nothing(browser, provider, verified):
    provider.person["email_verified"] = verified
    await refused(browser, "unverified")


async def test_a_stranger_is_told_to_ask_for_an_invitation(browser, provider):
    provider.person["email"] = "stranger@example.org"
    await refused(browser, "unknown")


class TestCreatingUsers:
    @pytest.fixture
    def settings(self, settings, provider):
        return msgspec.structs.replace(settings, oidc=oidc(provider, create_users=True))

    async def test_a_stranger_gets_an_account_with_a_group(self, browser, provider, world):
        provider.person |= {"email": "stranger@example.org", "name": "Stranger"}
        await browser.sign_in()
        me = (await world.client.with_session(browser.token).get("/me")).json
        assert me["user"]["name"] == "Stranger"
        assert [group["role"] for group in me["groups"]] == ["owner"]

    async def test_but_not_without_a_verified_address(self, browser, provider):
        provider.person |= {"email": "stranger@example.org", "email_verified": False}
        await refused(browser, "unverified")


async def test_what_the_token_does_not_tell_userinfo_does(browser, provider, world):
    provider.lies = Lies(claims={"email": None, "email_verified": None})
    await browser.sign_in()
    assert await browser.who() == world.owner.email


async def test_userinfo_of_somebody_else_is_refused(browser, provider):
    provider.lies = Lies(claims={"email": None}, info={"sub": "subject-2"})
    await refused(browser, "failed")


LONG_AGO, IN_LONG = 1_000_000_000, 4_000_000_000

BAD_CLAIMS = [
    {"nonce": "another"},
    {"nonce": None},
    {"nonce": ""},
    {"aud": "another client"},
    {"aud": None},
    {"aud": [CLIENT_ID, "another"]},
    {"aud": [CLIENT_ID, "another"], "azp": "another"},
    {"azp": "another"},
    {"iss": EVIL},
    {"iss": None},
    {"exp": LONG_AGO},
    {"exp": None},
    {"exp": "soon"},
    {"iat": IN_LONG},
    {"iat": None},
    {"nbf": IN_LONG},
    {"sub": None},
    {"sub": ""},
    {"sub": 7},
]


@pytest.mark.parametrize("claims", BAD_CLAIMS, ids=str)
async def test_an_id_token_that_says_something_wrong_is_refused(browser, provider, claims):
    provider.lies = Lies(claims=claims)
    await refused(browser, "failed")
    assert len(provider.issued) == 1


async def test_one_for_several_that_was_given_to_us_is_good(browser, provider):
    provider.lies = Lies(claims={"aud": [CLIENT_ID, "another"], "azp": CLIENT_ID})
    assert await browser.sign_in() == "/trips"


@pytest.mark.parametrize("forged_by", ["none", "HS256", "another", "unknown"])
async def test_an_id_token_that_is_signed_wrongly_is_refused(browser, provider, forged_by):
    provider.lies = Lies(forged_by=forged_by)
    await refused(browser, "failed")
    assert len(provider.issued) == 1


async def test_a_key_that_is_not_known_yet_is_asked_for(browser, provider, world):
    await browser.sign_in()
    assert provider.told_keys == 1
    provider.lies = Lies(forged_by="renewed")
    await browser.sign_in()
    assert await browser.who() == world.owner.email
    assert provider.told_keys == 2


async def test_tokens_by_elliptic_curves_are_good(browser, provider, world):
    provider.key, provider.algorithm = ECKey.generate_key("P-256", {"kid": "curve"}), "ES256"
    await browser.sign_in()
    assert await browser.who() == world.owner.email


@pytest.mark.parametrize(
    "discovery",
    [
        {"issuer": EVIL},
        {"issuer": "http://127.0.0.1/home"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"userinfo_endpoint": "http://169.254.169.254/"},
        {"jwks_uri": None},
    ],
    ids=str,
)
async def test_a_provider_that_tells_something_wrong_of_itself_is_not_gone_to(
    browser, provider, discovery
):
    provider.lies = Lies(discovery=discovery)
    _, to, _ = await browser.get("/sign-in/provider")
    assert to == "/sign-in?trouble=failed&next=%2Ftrips"
    assert not provider.asked


@pytest.mark.parametrize(
    "answer", [{"iss": EVIL}, {"iss": None}, {"code": None}, {"code": "another"}], ids=str
)
async def test_an_answer_of_another_provider_is_refused(browser, provider, answer):
    provider.lies = Lies(answer=answer)
    await refused(browser, "failed")
    if "iss" in answer:
        assert not provider.exchanges


async def test_one_who_does_not_sign_in_there_is_told_so(browser, provider):
    provider.lies = Lies(answer={"code": None, "error": "access_denied"})
    await refused(browser, "cancelled")


@pytest.mark.parametrize("state", ["another", None])
async def test_an_answer_to_what_was_not_begun_is_refused(browser, provider, state):
    provider.lies = Lies(answer={"state": state})
    assert await browser.sign_in() == "/sign-in?trouble=over"
    assert not browser.token
    assert not provider.exchanges


async def test_an_answer_is_good_once(browser, provider):
    back = await browser.back()
    assert (await browser.get(back))[1] == "/trips"
    browser.cookies.pop("__Host-carnet")
    assert (await browser.get(back))[1] == "/sign-in?trouble=over"
    assert len(provider.exchanges) == 1


async def test_nobody_is_signed_in_by_what_another_has_begun(world, browser, provider):
    back = await browser.back()
    for other in (Browser(world), Browser(world)):
        assert (await other.get(back))[1] == "/sign-in?trouble=over"
        await other.get("/sign-in/provider")
        assert (await other.get(back))[1] == "/sign-in?trouble=over"
        assert not other.token
    assert (await browser.get(back))[1] == "/trips"


async def test_an_answer_after_five_minutes_is_refused(world, browser, provider):
    back = await browser.back()
    await world.store.write(
        lambda tx: tx.execute("UPDATE challenges SET expires_at = $1", time.time())
    )
    assert (await browser.get(back))[1] == "/sign-in?trouble=over"


async def test_the_code_is_of_use_with_its_verifier_only(browser, provider):
    back = await browser.back()
    code = parse_qs(urlsplit(back).query)["code"][0]
    provider.codes[code]["code_challenge"] = "another"
    assert (await browser.get(back))[1] == "/sign-in?trouble=failed&next=%2Ftrips"
    (exchange,) = provider.exchanges
    assert len(exchange["code_verifier"]) >= 43


@pytest.mark.parametrize("methods", [["client_secret_basic"], ["client_secret_post"]])
async def test_the_secret_is_sent_as_the_provider_wants_it(browser, provider, methods):
    provider.lies = Lies(discovery={"token_endpoint_auth_methods_supported": methods})
    assert await browser.sign_in() == "/trips"
    (exchange,) = provider.exchanges
    assert ("client_secret" in exchange) == (methods == ["client_secret_post"])


@pytest.mark.parametrize("tokens", ["{}", "no json", "[]", '{"id_token": "x.y.z"}', "x" * 300_000])
async def test_an_answer_that_is_none_is_refused(browser, provider, tokens):
    provider.lies = Lies(tokens=tokens)
    await refused(browser, "failed")


async def test_no_redirect_is_followed(browser, provider):
    provider.lies = Lies(redirects=True)
    await refused(browser, "failed")


@pytest.mark.parametrize("following", [EVIL, "//evil.example", "/\\evil.example", "evil"])
async def test_it_leads_nowhere_else_in_the_end(browser, provider, following):
    assert await browser.sign_in(f"?next={following}") == "/trips"


async def test_the_cookie_is_the_browsers_alone(world, browser, provider):
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{world.running.base}/sign-in/provider", allow_redirects=False) as response,
    ):
        cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("__Host-carnet-provider=")
    assert cookie.endswith("; Path=/; Max-Age=300; HttpOnly; SameSite=Lax; Secure")


class TestProviderAway:
    @pytest.fixture
    def settings(self, settings):
        away = Oidc(issuer="http://127.0.0.1:9", client_id="x")
        return msgspec.structs.replace(settings, oidc=away)

    async def test_one_is_told_so(self, browser):
        assert (await browser.get("/sign-in/provider"))[1].startswith("/sign-in?trouble=failed")


class TestNoProvider:
    @pytest.fixture
    def settings(self):
        return Settings()

    async def test_there_is_nothing_of_it(self, browser):
        assert (await browser.get("/sign-in/provider"))[0] == 404
        assert (await browser.get("/sign-in/provider/callback?state=x&code=y"))[0] == 404
        assert "/sign-in/provider" not in (await browser.get("/sign-in"))[2]
