"""Passkeys and the provider in a real browser, with an authenticator of its own (CDP WebAuthn)."""

import contextlib

import msgspec
import pytest
from playwright.async_api import expect

from runtime.settings import Oidc
from tests.browser import browsing
from tests.provider import CLIENT_ID, CLIENT_SECRET, running_provider
from tests.support import add_session, set_up

pytestmark = pytest.mark.debian

PHONE = {"width": 390, "height": 800}
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def storage_url(tmp_path):
    """One database is enough: what is stored is tested on all of them elsewhere."""
    return f"sqlite:///{tmp_path}/carnet.db"


@pytest.fixture(autouse=True)
async def claimed(world):
    await set_up(world)


@pytest.fixture
async def provider():
    async with running_provider() as running:
        yield running


@pytest.fixture
def settings(settings, provider):
    oidc = Oidc(
        issuer=provider.issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, name="Home"
    )
    return msgspec.structs.replace(settings, oidc=oidc)


@contextlib.asynccontextmanager
async def with_authenticator(world, *, signed_in=False, **context):
    """A browser on the server's own machine, with an authenticator built in."""
    local = world.running.base.replace("127.0.0.1", "localhost")
    async with browsing(base_url=local, **context) as browser:
        devices = await browser.page.context.new_cdp_session(browser.page)
        await devices.send("WebAuthn.enable")
        made = await devices.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        if signed_in:
            token = await add_session(world.store, world.owner.user_id)
            # By the address with https: DevTools take it for no safe cookie else.
            safe = local.replace("http:", "https:")
            await browser.page.context.add_cookies(
                [{"name": "__Host-carnet", "value": token, "url": safe, "secure": True}]
            )
        yield browser, devices, made["authenticatorId"]


async def test_a_passkey_is_added_and_signs_in_until_it_is_removed(world):
    async with with_authenticator(world, signed_in=True, viewport=PHONE) as (
        browser,
        devices,
        ident,
    ):
        page = browser.page
        await page.goto("/settings/account")
        await page.get_by_label("Name of the passkey").fill("My phone")
        await page.get_by_role("button", name="Add a passkey").click()
        await expect(page.get_by_role("status")).to_have_text("The passkey was added.")
        await expect(page.get_by_role("heading", name="My phone")).to_be_visible()
        assert await browser.axe() == []

        await page.get_by_role("button", name="Add a passkey").click()
        await expect(page.get_by_text("This device has a passkey")).to_be_visible()

        await page.context.clear_cookies()
        await page.goto("/sign-in?next=/settings/account")
        assert await browser.axe() == []
        await page.get_by_role("button", name="Sign in with a passkey").click()
        await page.wait_for_url("http://localhost:*/settings/account")
        await expect(page.get_by_text("last used")).to_be_visible()

        (held,) = (await devices.send("WebAuthn.getCredentials", {"authenticatorId": ident}))[
            "credentials"
        ]
        await page.get_by_role("button", name="Remove").click()
        await expect(page.get_by_role("status")).to_have_text("The passkey was removed.")
        await page.context.clear_cookies()
        await page.goto("/sign-in")
        await page.get_by_role("button", name="Sign in with a passkey").click()
        await expect(page.get_by_role("alert")).to_contain_text("was removed")
        assert held["signCount"] > 0


async def test_a_copy_of_an_authenticator_is_refused(world):
    async with with_authenticator(world, signed_in=True) as (browser, devices, ident):
        page = browser.page
        await page.goto("/settings/account")
        await page.get_by_role("button", name="Add a passkey").click()
        await expect(page.get_by_role("status")).to_be_visible()
        (before,) = (await devices.send("WebAuthn.getCredentials", {"authenticatorId": ident}))[
            "credentials"
        ]
        for _ in range(2):
            await page.context.clear_cookies()
            await page.goto("/sign-in?next=/settings/account")
            await page.get_by_role("button", name="Sign in with a passkey").click()
            await page.wait_for_url("http://localhost:*/settings/account")
        await devices.send("WebAuthn.clearCredentials", {"authenticatorId": ident})
        copy = {name: value for name, value in before.items() if value is not None}
        await devices.send("WebAuthn.addCredential", {"authenticatorId": ident, "credential": copy})
        await page.context.clear_cookies()
        await page.goto("/sign-in")
        await page.get_by_role("button", name="Sign in with a passkey").click()
        await expect(page.get_by_role("alert")).to_contain_text("not known here")


async def test_one_without_a_passkey_is_told_so(world):
    async with with_authenticator(world) as (browser, devices, ident):
        await devices.send(
            "WebAuthn.setUserVerified", {"authenticatorId": ident, "isUserVerified": False}
        )
        await browser.page.goto("/sign-in")
        await browser.page.get_by_role("button", name="Sign in with a passkey").click()
        await expect(browser.page.get_by_role("alert")).to_contain_text("No passkey was chosen")


async def test_where_no_script_runs_no_passkey_is_offered(world):
    async with with_authenticator(world, java_script_enabled=False) as (browser, _, _):
        await browser.page.goto("/sign-in")
        await expect(browser.page.get_by_role("button", name="passkey")).to_have_count(0)


async def test_the_provider_lets_in_and_leads_back(world, provider):
    async with browsing(base_url=world.running.base, viewport=PHONE) as browser:
        page = browser.page
        await page.goto("/sign-in?next=/settings/account")
        assert await browser.axe() == []
        await page.get_by_role("link", name="Sign in with Home").click()
        await page.wait_for_url(f"{world.running.base}/settings/account")
        await expect(page.get_by_text("Olga").first).to_be_visible()
        provider.person["sub"] = "subject-2"
        await page.context.clear_cookies()
        await page.goto("/sign-in")
        await page.get_by_role("link", name="Sign in with Home").click()
        await expect(page.get_by_role("alert")).to_contain_text("Ask for an invitation")
        assert await browser.axe() == []
        assert browser.errors == []
