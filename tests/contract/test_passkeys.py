"""Passkeys by HTTP: added by their owner, then signed in by; each lie is refused."""

import time

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from runtime import measured
from runtime.settings import Settings
from tests.authenticator import PRESENT, Authenticator
from tests.measuring import counted
from tests.support import Client, World, add_session

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def local(world):
    """Headers of a browser that has the server open as localhost."""
    port = world.running.base.rpartition(":")[2]
    return {"Host": f"localhost:{port}", **SAME_ORIGIN}


@pytest.fixture
async def owner(world, local):
    """The owner, signed in."""
    token = await add_session(world.store, world.owner.user_id)
    sent = {"Cookie": f"__Host-carnet={token}", **local}
    return Client(world.client._session, world.running.base, None, sent)


@pytest.fixture
def anyone(world, local):
    """A browser in which nobody is signed in."""
    return Client(world.client._session, world.running.base, None, local)


@pytest.fixture
def authenticator(local):
    return Authenticator(f"http://{local['Host']}")


async def register(owner: Client, authenticator: Authenticator, **more):
    options = (await owner.post("/me/passkeys/options")).json
    return await owner.post("/me/passkeys", {"credential": authenticator.create(options), **more})


async def sign_in(anyone: Client, authenticator: Authenticator, **lies):
    options = (await anyone.post("/session/passkey/options")).json
    credential = authenticator.get(options, **lies)
    return await anyone.post("/session/passkey", {"credential": credential})


async def test_a_passkey_is_added_and_signs_its_owner_in(world, owner, anyone, authenticator):
    made = await register(owner, authenticator, name="Phone")
    assert (made.status, made.json["name"]) == (201, "Phone")
    assert set(made.json) == {"_id", "name", "createdAt"}
    answer = await sign_in(anyone, authenticator)
    assert answer.status == 200
    assert answer.json["user"]["_id"] == world.owner.user_id
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-carnet=")
    token = cookie.partition(";")[0].partition("=")[2]
    here = await world.client.with_session(token).get("/session")
    assert here.json == answer.json
    (listed,) = (await owner.get("/me/passkeys")).json["items"]
    assert listed["lastUsedAt"] >= made.json["createdAt"]


async def test_the_options_name_nobody(anyone, owner, authenticator):
    await register(owner, authenticator)
    options = (await anyone.post("/session/passkey/options")).json
    assert options.pop("challenge")
    assert options == {
        "rpId": "localhost",
        "allowCredentials": [],
        "userVerification": "required",
        "timeout": 300_000,
    }


async def test_an_authenticator_is_told_what_it_has_already(owner, authenticator):
    await register(owner, authenticator)
    options = (await owner.post("/me/passkeys/options")).json
    (excluded,) = options["excludeCredentials"]
    assert excluded["type"] == "public-key"
    again = await owner.post("/me/passkeys", {"credential": authenticator.create(options)})
    assert (again.status, again.details) == (400, [("credential", "duplicate")])


@pytest.mark.parametrize(
    "lies",
    [
        {"origin": "https://evil.example"},
        {"type": "webauthn.create"},
        {"rp_id": "evil.example"},
        {"flags": PRESENT},
        {"flags": 0},
        {"key": ec.generate_private_key(ec.SECP256R1())},
        {"user_handle": "c29tZWJvZHk"},
        {"challenge": "q3Vn8ZkR1tYw6Lx0"},
        {"count": 0},
    ],
    ids=lambda lies: "".join(lies) + str(lies.get("flags", "")),
)
async def test_an_answer_that_does_not_hold_is_refused(owner, anyone, authenticator, lies):
    await register(owner, authenticator)
    assert (await sign_in(anyone, authenticator)).status == 200
    refused = await sign_in(anyone, authenticator, **lies)
    assert (refused.status, refused.code) == (401, "UNAUTHORIZED")
    assert "Set-Cookie" not in refused.headers


async def test_a_counter_that_goes_back_is_that_of_a_copy(owner, anyone, authenticator):
    await register(owner, authenticator)
    assert (await sign_in(anyone, authenticator, count=7)).status == 200
    assert (await sign_in(anyone, authenticator, count=7)).status == 401
    assert (await sign_in(anyone, authenticator, count=6)).status == 401
    assert (await sign_in(anyone, authenticator, count=8)).status == 200


async def test_a_counter_that_stays_nought_counts_nothing(owner, anyone, authenticator):
    await register(owner, authenticator)
    for _ in range(2):
        assert (await sign_in(anyone, authenticator, count=0)).status == 200


async def test_too_many_failures_of_one_address_are_refused(owner, anyone, authenticator):
    await register(owner, authenticator)
    for _ in range(10):
        refused = await sign_in(anyone, authenticator, origin="https://evil.example")
        assert refused.status == 401
    refused = await sign_in(anyone, authenticator)
    assert refused.status == 429
    assert int(refused.headers["Retry-After"]) > 60


async def test_what_succeeds_is_no_failure(world, owner, anyone, authenticator):
    await register(owner, authenticator)
    assert (await sign_in(anyone, authenticator)).status == 200
    left = await world.store.read(lambda tx: tx.fetchval("SELECT count(*) FROM sign_in_failures"))
    assert left == 0


async def test_a_challenge_is_answered_once(owner, anyone, authenticator):
    await register(owner, authenticator)
    options = (await anyone.post("/session/passkey/options")).json
    credential = authenticator.get(options)
    assert (await anyone.post("/session/passkey", {"credential": credential})).status == 200
    assert (await anyone.post("/session/passkey", {"credential": credential})).status == 401
    later = {"credential": authenticator.get(options)}
    assert (await anyone.post("/session/passkey", later)).status == 401


async def test_a_challenge_is_spent_by_a_wrong_answer_too(owner, anyone, authenticator):
    await register(owner, authenticator)
    options = (await anyone.post("/session/passkey/options")).json
    wrong = authenticator.get(options, origin="https://evil.example")
    with counted(measured.AUTH_FAILURES, "passkey"):
        assert (await anyone.post("/session/passkey", {"credential": wrong})).status == 401
    right = authenticator.get(options)
    assert (await anyone.post("/session/passkey", {"credential": right})).status == 401


async def test_a_challenge_is_over_after_five_minutes(world, owner, anyone, authenticator):
    await register(owner, authenticator)
    options = (await anyone.post("/session/passkey/options")).json
    ends_at = await world.store.read(lambda tx: tx.fetchval("SELECT expires_at FROM challenges"))
    assert 290 < ends_at - time.time() <= 300
    await world.store.write(
        lambda tx: tx.execute("UPDATE challenges SET expires_at = $1", time.time())
    )
    credential = {"credential": authenticator.get(options)}
    assert (await anyone.post("/session/passkey", credential)).status == 401


async def test_a_challenge_for_one_thing_does_for_no_other(owner, anyone, authenticator):
    await register(owner, authenticator)
    options = (await owner.post("/me/passkeys/options")).json
    stolen = authenticator.get({"challenge": options["challenge"], "rpId": "localhost"})
    assert (await anyone.post("/session/passkey", {"credential": stolen})).status == 401


async def test_a_challenge_is_for_whoever_asked(world, owner, local, authenticator):
    other = await world.person("other", None)
    token = await add_session(world.store, other.user_id)
    sent = {"Cookie": f"__Host-carnet={token}", **local}
    others = Client(world.client._session, world.running.base, None, sent)
    options = (await others.post("/me/passkeys/options")).json
    refused = await owner.post("/me/passkeys", {"credential": authenticator.create(options)})
    assert (refused.status, refused.details) == (400, [("credential", "not_allowed")])
    assert (await owner.get("/me/passkeys")).json["items"] == []


@pytest.mark.parametrize("lies", [{"origin": "https://evil.example"}, {"type": "webauthn.get"}])
async def test_a_new_passkey_that_does_not_hold_is_refused(owner, authenticator, lies):
    options = (await owner.post("/me/passkeys/options")).json
    credential = authenticator.create(options, **lies)
    refused = await owner.post("/me/passkeys", {"credential": credential})
    assert (refused.status, refused.details) == (400, [("credential", "not_allowed")])


async def test_a_user_that_was_not_verified_adds_none(owner, authenticator):
    authenticator.flags = PRESENT
    assert (await register(owner, authenticator)).status == 400


async def test_all_that_is_wrong_with_a_body_is_told(owner, anyone):
    for client, path in ((owner, "/me/passkeys"), (anyone, "/session/passkey")):
        empty = await client.post(path, {})
        assert empty.details == [("credential", "required")]
        told = await client.post(path, {"credential": {"id": "!", "type": "x"}, "more": 1})
        assert ("credential.id", "malformed") in told.details
        assert ("credential.type", "not_allowed") in told.details
        assert ("more", "unknown_field") in told.details
        bare = {"id": "a", "rawId": "a", "type": "public-key", "new": True}
        told = await client.post(path, {"credential": bare})
        assert told.details == [("credential.response", "not_allowed")]


async def test_one_that_was_removed_signs_nobody_in(world, owner, anyone, authenticator):
    made = (await register(owner, authenticator)).json
    other = await world.person("other", None)
    theirs = world.client.with_session(await add_session(world.store, other.user_id))
    assert (await theirs.delete(f"/me/passkeys/{made['_id']}")).status == 404
    assert (await owner.delete(f"/me/passkeys/{made['_id']}")).status == 204
    assert (await owner.get("/me/passkeys")).json["items"] == []
    assert (await sign_in(anyone, authenticator)).status == 401


async def test_no_key_adds_or_lists_passkeys(world):
    for method, path in (("GET", ""), ("POST", ""), ("POST", "/options"), ("DELETE", "/0")):
        body: object = {} if path == "" and method == "POST" else None
        refused = await world.client.send(method, f"/me/passkeys{path}", body)
        assert refused.code == "FORBIDDEN"


async def test_no_page_of_another_server_signs_in(anyone, owner, authenticator):
    await register(owner, authenticator)
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert (await anyone.post("/session/passkey/options", headers=elsewhere)).status == 403
    options = (await anyone.post("/session/passkey/options")).json
    credential = {"credential": authenticator.get(options)}
    assert (await anyone.post("/session/passkey", credential, headers=elsewhere)).status == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "192.168.1.5:8080", "evil.example", "localhost.x"])
async def test_where_browsers_take_none_it_says_how_to_mend_that(anyone, owner, host):
    refused = await anyone.post("/session/passkey/options", headers={"Host": host})
    assert refused.code == "CONFLICT"
    message = refused.json["error"]["message"]
    assert "http.public_url" in message
    assert "http://localhost:" in message


class TestPublicUrl:
    @pytest.fixture(params=["https://trips.example.org:443/carnet/", "https://trips.example.org"])
    def settings(self, request):
        http = msgspec.structs.replace(Settings().http, public_url=request.param)
        return msgspec.structs.replace(Settings(), http=http)

    async def test_passkeys_are_for_its_name(self, world: World):
        token = await add_session(world.store, world.owner.user_id)
        owner = world.client.with_session(token)
        authenticator = Authenticator("https://trips.example.org")
        assert (await register(owner, authenticator)).status == 201
        anyone = Client(world.client._session, world.running.base, None, SAME_ORIGIN)
        options = (await anyone.post("/session/passkey/options")).json
        assert options["rpId"] == "trips.example.org"
        assert (await sign_in(anyone, authenticator)).status == 200


class TestNoPublicName:
    @pytest.fixture(params=["http://trips.example.org", "https://203.0.113.7", "https://[::1]"])
    def settings(self, request):
        http = msgspec.structs.replace(Settings().http, public_url=request.param)
        return msgspec.structs.replace(Settings(), http=http)

    async def test_there_are_none(self, world: World):
        anyone = Client(world.client._session, world.running.base, None, SAME_ORIGIN)
        assert (await anyone.post("/session/passkey/options")).code == "CONFLICT"
