"""The URLs a person is told, and links begin with."""

import socket
from collections.abc import Iterator

import msgspec
import pytest

from carnet.address import bind, public_url, url_of
from carnet.failure import Failure
from runtime.settings import Http, Settings


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


def on(host: str, public: str = "") -> Settings:
    return msgspec.structs.replace(Settings(), http=Http(host=host, public_url=public))


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1"),
        ("0.0.0.0", "http://127.0.0.1"),  # noqa: S104 - compared, not bound
        ("::", "http://127.0.0.1"),
        ("::1", "http://[::1]"),
        ("localhost", "http://localhost"),
        ("trips.example.org", "http://trips.example.org"),
    ],
)
def test_the_address_told_can_be_opened_on_this_machine(listening, host, url):
    whole = f"{url}:{listening.getsockname()[1]}"
    assert url_of(on(host), listening) == whole
    assert public_url(on(host), listening) == whole


@pytest.mark.parametrize("public", ["https://trips.example.org", "https://trips.example.org/"])
def test_links_begin_with_the_public_url_where_there_is_one(listening, public):
    assert public_url(on("127.0.0.1", public), listening) == "https://trips.example.org"


def test_a_port_in_use_is_told_with_its_address():
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Failure, match=f"127.0.0.1:{port}: .*in use"):
            bind("127.0.0.1", port)
