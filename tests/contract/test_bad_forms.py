"""Forms and addresses of pages that hold what cannot be: refused with a page, on any database."""

import re
from urllib.parse import unquote_to_bytes

import pytest
from yarl import URL

from server.pages.table import PAGES
from tests.contract.wire import exchange, head
from tests.support import add_session

POSTS = [page for page in PAGES if page.method == "POST"]
GETS = [page for page in PAGES if page.method == "GET"]


@pytest.fixture
def send(world):
    """Sends what a browser would of somebody who is signed in; the status and the page."""

    async def ask(method, path, body=None, media_type="application/x-www-form-urlencoded"):
        token = await add_session(world.store, world.owner.user_id)
        headers = {
            "Accept": "text/html",
            "Content-Type": media_type,
            "Cookie": f"__Host-carnet={token}",
            "Sec-Fetch-Site": "same-origin",
        }
        url = URL(world.running.base + path, encoded=True)
        async with world.as_(None)._session.request(
            method, url, data=body, headers=headers, allow_redirects=False
        ) as response:
            return response.status, await response.text()

    return ask


def path_of(world, page, name):
    """Where a page is of the trip and group that there are, with a name for all else."""
    path = page.path.replace("{tripId}", world.trip_id).replace("{groupId}", world.group_id)
    return re.sub(r"\{\w+\}", name, path)


def sent(page, form):
    """A form as the page takes it, from how it is written in addresses; and its media type."""
    if not page.takes_file:
        return form, "application/x-www-form-urlencoded"
    pairs = [pair.partition("=") for pair in form.split("&") if pair]
    parts = [
        b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
        % (name.encode(), unquote_to_bytes(value))
        for name, _, value in pairs
    ]
    return b"".join([*parts, b"--x--\r\n"]), "multipart/form-data; boundary=x"


async def test_no_form_takes_a_character_that_text_cannot_hold(world, send):
    for page in POSTS:
        for value in ("a%00b", "%ed%a0%80", "%ff"):
            form = "&".join(f"{field}={value}" for field in ("done", "session", "email", "trip"))
            status, text = await send("POST", path_of(world, page, "1"), *sent(page, form))
            assert (status, "<h1" in text) == (400, True), (page.path, value)


@pytest.mark.parametrize("name", ["a%00b", "%ff", "%ed%a0%80", "%0d%0aX:%201", "9" * 400])
async def test_what_no_page_can_be_called_is_not_found(world, send, name):
    for page in GETS:
        status, text = await send("GET", path_of(world, page, name))
        if "{" in page.path.replace("{tripId}", "").replace("{groupId}", ""):
            assert (status, "<h1" in text) == (404, True), page.path


async def test_a_form_without_its_fields_is_answered(world, send):
    for page in POSTS:
        for form in ("", "=&=&=", ";" * 1_000):
            status, text = await send("POST", path_of(world, page, "1"), *sent(page, form))
            assert status in (200, 303, 400, 403, 404), (page.path, form)
            assert status == 303 or "<h1" in text


async def test_a_transfer_coding_that_is_not_known_is_refused(world):
    lines = (
        "Sec-Fetch-Site: same-origin",
        "Accept: text/html",
        "Content-Type: application/x-www-form-urlencoded",
    )
    for coding, status in (("chunked", 303), ("gzip, chunked", 400)):
        sent = head(
            world, "POST", "/preferences", *lines, f"Transfer-Encoding: {coding}", key=False
        )
        assert (await exchange(world, sent, b"3\r\na=b\r\n0\r\n\r\n")).status == status


async def test_a_number_of_any_length_is_told_at_its_field(world, send):
    path = f"/settings/group/{world.group_id}/invite"
    for digits in (5, 20, 5_000):
        status, text = await send("POST", path, f"role=viewer&expiresInDays={'9' * digits}")
        assert status == 400
        assert 'aria-invalid="true"' in text
