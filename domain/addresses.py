"""Where a webhook may lead: URLs in one spelling, and addresses that the internet reaches.

`ipaddress` has an opinion of its own on what is global, which differs between Python versions.
"""

import dataclasses
import ipaddress
import re
from typing import Final

_LABEL: Final = "[A-Za-z0-9_-]{1,63}"
_PORT: Final = (
    "(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})"
)

URL_PATTERN: Final = (
    rf"^https?://({_LABEL}(\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]{{2,45}}\])(:{_PORT})?"
    r'([/?][!"$-\[\]-~]*)?$'
)
"""Visible ASCII, without a user, a fragment or a backslash: what no two parsers read differently.
What it takes may still name an address wrongly: `target_of` tells."""
_URL: Final = re.compile(URL_PATTERN)
MAX_URL: Final = 2_048
_MAX_NAME: Final = 253
"""Characters of a host name (RFC 1035 section 2.3.4)."""

_SPECIAL_IPV4: Final = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    )
)
"""IANA's registry of special-purpose addresses, multicast, and what is reserved."""

_UNICAST_IPV6: Final = ipaddress.IPv6Network("2000::/3")
"""All that IANA gives out. Outside are loopback, link-local and unique local addresses, multicast,
and the forms that hold an IPv4 address: mapped, compatible, translated (NAT64)."""
_SPECIAL_IPV6: Final = tuple(
    ipaddress.IPv6Network(network)
    for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
"""What within that is special: among others Teredo and 6to4, which hold an IPv4 address."""


def is_public(address: str) -> bool:
    """Whether an IP address is one that the internet reaches; False for what is no address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv4Address):
        return not any(parsed in network for network in _SPECIAL_IPV4)
    if parsed.scope_id is not None or parsed not in _UNICAST_IPV6:
        return False
    return not any(parsed in network for network in _SPECIAL_IPV6)


@dataclasses.dataclass(frozen=True)
class Target:
    """The host of a URL: a name that is to be looked up, or an address."""

    host: str
    is_address: bool


def target_of(url: str) -> Target | None:
    """Where a URL leads; None for one that is not as it must be.

    A host that ends in a number is an address for whatever connects to it, however it is spelt
    (`127.1`, `2130706433`, `0x7f000001`): only the usual spelling is taken.
    """
    match = _URL.fullmatch(url)
    if match is None or len(url) > MAX_URL:
        return None
    host = match[1]
    if host.startswith("["):
        return _address(host[1:-1], ipaddress.IPv6Address)
    last = host.rstrip(".").rpartition(".")[2]
    if last.isdigit() or last[:2].lower() == "0x":
        return _address(host, ipaddress.IPv4Address)
    return Target(host, is_address=False) if len(host) <= _MAX_NAME else None


def _address(
    text: str, kind: type[ipaddress.IPv4Address] | type[ipaddress.IPv6Address]
) -> Target | None:
    try:
        return Target(str(kind(text)), is_address=True)
    except ValueError:
        return None


def with_scheme(text: str) -> list[str]:
    """What a URL without its scheme was meant to be."""
    meant = f"https://{text}"
    return [meant] if "://" not in text and target_of(meant) is not None else []
