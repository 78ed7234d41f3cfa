"""Which URLs a webhook may have, and which addresses are public."""

import ipaddress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.addresses import MAX_URL, Target, is_public, target_of, with_scheme

PUBLIC = [
    *("8.8.8.8", "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0"),
    *("126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255"),
    *("172.32.0.0", "192.0.1.0", "192.0.3.0", "192.88.98.255", "192.88.100.0", "192.167.255.255"),
    *("192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.99.255", "203.0.112.255"),
    *("203.0.114.0", "223.255.255.255"),
    *("2606:4700:4700::1111", "2a00:1450:4001:81b::200e", "2001:200::1", "2001:4860:4860::8888"),
    *("2003::1", "2400:cb00::1", "3ffe:ffff::1"),
]

SPECIAL = [
    # This network, private, shared, loopback, link-local (and the clouds' metadata).
    *("0.0.0.0", "0.255.255.255", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255"),  # noqa: S104
    *("127.0.0.1", "127.255.255.255", "169.254.169.254", "172.16.0.1", "172.31.255.255"),
    *("192.168.0.1", "192.168.255.255"),
    # Protocol assignments, documentation, 6to4 relays, benchmarks, multicast, reserved.
    *("192.0.0.1", "192.0.0.170", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.19.255.255"),
    *("198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1"),
    "255.255.255.255",
    # Of IPv6: unspecified, loopback, mapped, compatible, translated, discard.
    *("::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "::8.8.8.8"),
    *("64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "100:0:0:1::1"),
    # Teredo, ORCHID, benchmarks, documentation, 6to4.
    *("2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2001:10::1", "2001:20::1"),
    *("2001:1ff::1", "2001:db8::1", "2002:7f00:1::1", "2002:808:808::1", "3fff::1", "3fff:fff::1"),
    # Segment routing, unique local, link-local (with a zone too), site-local, multicast.
    *("5f00::1", "fc00::1", "fd12:3456:789a::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1"),
    *("4000::1", "1fff::1"),
    # What is a zone's is not everybody's.
    "2606:4700:4700::1111%eth0",
    # And what is no address.
    *("", "localhost", "127.1", "0x7f.0.0.1", "2130706433", "1.2.3.4.5", "01.2.3.4", "1.2.3.4 "),
]


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_that_the_internet_reaches(address):
    assert is_public(address)


@pytest.mark.parametrize("address", SPECIAL)
def test_an_address_that_it_does_not(address):
    assert not is_public(address)


@given(st.integers(0, 2**32 - 1))
def test_what_python_takes_for_private_is_never_public(number):
    address = ipaddress.IPv4Address(number)
    assert not (is_public(str(address)) and address.is_private)


@given(st.integers(0, 2**128 - 1) | st.integers(0x2000 << 112, (0x4000 << 112) - 1))
@example(int(ipaddress.IPv6Address("2002:a00:1::")))
def test_no_ipv6_address_holds_an_ipv4_address(number):
    address = ipaddress.IPv6Address(number)
    if address.ipv4_mapped or address.sixtofour or address.teredo or address.is_private:
        assert not is_public(str(address))


@pytest.mark.parametrize(
    ("url", "host", "is_address"),
    [
        ("https://example.org", "example.org", False),
        ("http://example.org:8080/hooks?token=a%20b&x", "example.org", False),
        ("https://EXAMPLE.org./", "EXAMPLE.org.", False),
        ("http://localhost/", "localhost", False),
        ("http://a_b.example/", "a_b.example", False),
        ("http://xn--bcher-kva.example?x", "xn--bcher-kva.example", False),
        ("http://1.example/", "1.example", False),
        ("http://8.8.8.8/", "8.8.8.8", True),
        ("http://127.0.0.1:65535/", "127.0.0.1", True),
        ("http://[::1]/", "::1", True),
        ("http://[0:0:0:0:0:0:0:1]:1/", "::1", True),
        ("http://[::ffff:127.0.0.1]/", "::ffff:7f00:1", True),
    ],
)
def test_a_url_leads_to_a_name_or_an_address(url, host, is_address):
    assert target_of(url) == Target(host, is_address)


WRONG = [
    *("", "example.org", "//example.org", "ftp://example.org", "file:///etc/passwd"),
    *("HTTP://example.org", "http:example.org", "http:/example.org", "http://", "http:///x"),
    # A user, a fragment, what parsers read differently.
    *("http://me@example.org", "http://me:secret@example.org/", "http://example.org/#x"),
    *("http://example.org\\@127.0.0.1/", "http://example.org@127.0.0.1/", "http://a b/"),
    *("http://example.org/\n", "http://example.org\n", "http://exa\tmple.org", " http://a.b"),
    *(
        "http://example.org/é",
        "http://bücher.example",
        "http://\uff11\uff12\uff17.0.0.1/",
        "http://a。b/",
    ),
    *("http://%6cocalhost/", "http://127.0.0.1%2f@x/", "http://a..b/", "http://.a/"),
    # Ports.
    *("http://a:/", "http://a:0/", "http://a:65536/", "http://a:080/", "http://a:1:2/"),
    # Addresses in other spellings.
    *("http://2130706433/", "http://0177.0.0.1/", "http://0x7f.0.0.1/", "http://0x7f000001/"),
    *("http://127.1/", "http://127.0.1/", "http://127.0.0.1./", "http://0/", "http://1.2.3.4.5/"),
    *("http://256.0.0.1/", "http://127.0.0.0x1/", "http://0X7F.1/", "http://example.127/"),
    *("http://[fe80::1%25eth0]/", "http://[fe80::1%eth0]/", "http://[::1/", "http://::1/"),
    *("http://[127.0.0.1]/", "http://[v1.x]/", "http://[]/", "http://[::1]x/", "http://[:::]/"),
    # Too long.
    f"http://{'a' * 64}.example/",
    f"http://{'a.' * 126}example/",
    f"http://example.org/{'a' * MAX_URL}",
]


@pytest.mark.parametrize("url", WRONG)
def test_any_other_is_none(url):
    assert target_of(url) is None


def test_a_url_without_its_scheme_is_recognised():
    assert with_scheme("example.org/hooks") == ["https://example.org/hooks"]
    assert with_scheme("ftp://example.org") == []
    assert with_scheme("127.1") == []
