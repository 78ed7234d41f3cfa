"""A forgotten password: a link by e-mail, to whoever has an account and to nobody else."""

import asyncio
import contextlib
import email
import re
from email import policy
from email.errors import MessageError
from typing import Any

import msgspec
import pytest
import structlog
from aiosmtpd.smtp import SMTP

from runtime.settings import Mail, Settings
from server.mail import Mailer, letter
from tests.support import set_up
from tests.waiting import until

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def storage_url(tmp_path):
    """One database is enough: what is stored is tested on all of them elsewhere."""
    return f"sqlite:///{tmp_path}/carnet.db"


class Post:
    """A mail server, and what it was given."""

    def __init__(self) -> None:
        self.url = ""
        self.received: list[tuple[list[str], Any]] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        message = email.message_from_bytes(envelope.content, policy=policy.default)
        self.received.append((envelope.rcpt_tos, message))
        return "250 OK"


@contextlib.asynccontextmanager
async def post_office():
    post = Post()
    serving = await asyncio.get_running_loop().create_server(
        lambda: SMTP(post, hostname="mail.example.org"), "127.0.0.1", 0
    )
    post.url = f"smtp://127.0.0.1:{serving.sockets[0].getsockname()[1]}"
    try:
        yield post
    finally:
        serving.close()


@pytest.fixture
async def post():
    async with post_office() as running:
        yield running


@pytest.fixture
def settings(settings, post):
    mail = Mail(url=post.url, sender="carnet@example.org")
    return msgspec.structs.replace(settings, mail=mail)


@pytest.fixture
async def ask(world):
    """Sends the form, and waits for what comes of it."""
    await set_up(world)
    session, base = world.client._session, world.running.base

    async def send(address, **headers):
        async with session.post(
            f"{base}/forgotten",
            data={"email": address},
            headers={**SAME_ORIGIN, **headers},
            allow_redirects=False,
        ) as response:
            answer = response.status, response.headers.get("Location"), await response.text()
        await until(lambda: not world.running.services.mail._running)
        return answer

    return send


async def get(world, path):
    async with world.client._session.get(
        f"{world.running.base}{path}", headers={"Accept": "text/html"}
    ) as response:
        return response.status, await response.text()


async def test_a_link_is_sent_that_sets_a_new_password(world, ask, post):
    assert '/forgotten"' in (await get(world, "/sign-in"))[1]
    assert (await get(world, "/forgotten"))[0] == 200
    status, to, _ = await ask("OWNER@example.org")
    assert (status, to) == (303, "/sign-in?done=link_sent")
    assert "a link is on its way" in (await get(world, to))[1]
    ((recipients, message),) = post.received
    assert recipients == [world.owner.email]
    assert message["From"] == "Carnet <carnet@example.org>"
    assert message["To"] == world.owner.email
    assert message["Auto-Submitted"] == "auto-generated"
    (link,) = re.findall(r"https?://\S+/reset/\S+", message.get_content())
    assert link.startswith(f"{world.running.base}/reset/")
    assert (await get(world, link.removeprefix(world.running.base)))[0] == 200


async def test_it_is_in_the_readers_language(ask, post):
    await ask("owner@example.org", **{"Accept-Language": "fr"})
    ((_, message),) = post.received
    assert message["Subject"] == "Un nouveau mot de passe pour Carnet"
    assert "Bonjour Olga" in message.get_content()


async def test_a_stranger_is_answered_alike_and_sent_nothing(ask, post):
    known = await ask("owner@example.org")
    post.received.clear()
    assert await ask("stranger@example.org") == known
    assert not post.received


async def test_the_link_is_of_this_server_whatever_the_request_calls_it(world, ask, post):
    await ask("owner@example.org", Host="evil.example", **{"X-Forwarded-Host": "evil.example"})
    ((_, message),) = post.received
    assert "evil" not in message.get_content()


async def test_nobody_is_sent_one_after_another(ask, post):
    for _ in range(3):
        assert (await ask("owner@example.org"))[0] == 303
    assert len(post.received) == 1


async def test_one_address_of_a_client_asks_for_few(ask):
    statuses = [(await ask(f"person{n}@example.org"))[0] for n in range(6)]
    assert statuses == [303] * 5 + [429]


@pytest.mark.parametrize("address", ["", "nobody", "a@b\nBcc: c@d"])
async def test_what_is_no_address_is_told(ask, post, address):
    status, _, page = await ask(address)
    assert status == 400
    assert 'aria-invalid="true"' in page
    assert not post.received


async def test_no_page_of_another_server_has_one_sent(ask, post):
    assert (await ask("owner@example.org", **{"Sec-Fetch-Site": "cross-site"}))[0] == 403
    assert not post.received


class TestServerAway:
    @pytest.fixture
    def settings(self, settings):
        mail = Mail(url="smtp://127.0.0.1:9", sender="carnet@example.org")
        return msgspec.structs.replace(settings, mail=mail)

    async def test_the_answer_is_the_same(self, ask):
        assert (await ask("owner@example.org"))[:2] == (303, "/sign-in?done=link_sent")


class TestNoMail:
    @pytest.fixture
    def settings(self):
        return Settings()

    async def test_there_is_nothing_of_it(self, world, ask):
        assert (await ask("owner@example.org"))[0] == 404
        assert (await get(world, "/forgotten"))[0] == 404
        assert "forgotten" not in (await get(world, "/sign-in"))[1]


def test_nothing_in_a_letter_makes_a_header_of_its_own():
    made = letter("carnet@example.org", "a@b.org", "Hello\r\nBcc: c@d.org", "Bcc: e@f.org\n")
    assert made["Subject"] == "Hello Bcc: c@d.org"
    assert made["Bcc"] is None
    read = email.message_from_bytes(made.as_bytes(), policy=policy.default)
    assert read["To"] == "a@b.org"
    assert read["Bcc"] is None


@pytest.mark.parametrize("to", ["a@b.org, c@d.org", "x,evil@e.org", "a@b.org\r\nBcc: c@d.org", "a"])
def test_a_letter_goes_to_one_address(to):
    with pytest.raises((ValueError, MessageError)):
        letter("carnet@example.org", to, "Hello", "Hello")


async def test_a_password_is_not_sent_in_the_clear(post):
    url = post.url.replace("//", "//user:hunter2@")
    mailer = Mailer(Mail(url=url, sender="carnet@example.org"))
    await mailer.send("a@b.org", "Hello", "Hello")
    assert not post.received


async def test_the_log_tells_why_none_was_sent_and_no_address(post, monkeypatch):
    async def refuse(*arguments: Any) -> str:
        return f"550 5.1.1 <{arguments[-2]}>: there is no such mailbox"

    monkeypatch.setattr(post, "handle_RCPT", refuse, raising=False)
    mailer = Mailer(Mail(url=post.url, sender="carnet@example.org"))
    with structlog.testing.capture_logs() as lines:
        await mailer.send("somebody@example.org", "Hello", "Hello")
    (line,) = lines
    assert (line["event"], line["log_level"]) == ("mail_failed", "warning")
    assert "550" in line["reason"]
    assert "no such mailbox" in line["reason"]
    assert "somebody" not in line["reason"]
