"""The URLs a person is told, and links begin with; and the addresses that can be listened on."""

import re
import socket

import msgspec
import pytest

from carnet.address import bind, curl, public_url, url_of
from carnet.failure import Failure
from runtime.settings import Http, Settings


def on(host: str, public: str = "", path: str = "") -> Settings:
    http = Http(host=host, port=8081, public_url=public, socket=path)
    return msgspec.structs.replace(Settings(), http=http)


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
def test_the_address_told_can_be_opened_on_this_machine(host, url):
    assert url_of(on(host)) == public_url(on(host)) == f"{url}:8081"
    assert curl(on(host)) == f"curl {url}:8081"


@pytest.mark.parametrize("public", ["https://trips.example.org", "https://trips.example.org/"])
@pytest.mark.parametrize("path", ["", "/run/carnet.sock"])
def test_links_begin_with_the_public_url_where_there_is_one(public, path):
    assert public_url(on("127.0.0.1", public, path)) == "https://trips.example.org"


def test_a_unix_socket_is_told_by_its_path():
    settings = on("127.0.0.1", path="/run/my carnet.sock")
    assert url_of(settings) == "unix:/run/my carnet.sock"
    assert public_url(settings) == "http://localhost"
    assert curl(settings) == "curl --unix-socket '/run/my carnet.sock' http://localhost"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "::", "localhost", "0.0.0.0"])  # noqa: S104
def test_a_port_in_use_is_told_with_its_address_once(host):
    with bind(host, 0) as taken:
        port = taken.getsockname()[1]
        told = f"{f'[{host}]' if ':' in host else host}:{port}"
        with pytest.raises(Failure) as failed:
            bind(host, port)
    assert str(failed.value) == f"cannot listen on {told}: Address already in use"


@pytest.mark.parametrize(("host", "family"), [("::", "127.0.0.1"), ("::", "::1"), ("::1", "::1")])
def test_all_addresses_of_the_machine_are_those_of_both_kinds(host, family):
    with bind(host, 0) as listening:
        port = listening.getsockname()[1]
        with socket.create_connection((family, port)):
            pass


def test_a_host_that_there_is_not_is_one_line():
    with pytest.raises(Failure) as failed:
        bind("no.such.host.invalid", 80)
    assert re.fullmatch(r"cannot listen on no\.such\.host\.invalid:80: [^:]+", str(failed.value))
