"""Addresses of clients, each in one spelling (contract section 3)."""

import ipaddress
import re
from typing import Final

from aiohttp import web

_IPV6_NETWORK_BITS: Final = 64
"""What a household or a host is given: one client has all addresses in it."""


def client_address(request: web.BaseRequest, trusted_proxies: int) -> str:
    """The client's address: each trusted proxy vouches for one entry of `X-Forwarded-For`.

    What a proxy gives that is no address counts as the proxy's own.
    """
    hops = [
        hop for value in request.headers.getall("X-Forwarded-For", ()) for hop in value.split(",")
    ]
    hops.append(request.remote or "")
    vouched_for = hops[-1 - min(trusted_proxies, len(hops) - 1) :]
    return next((address for hop in vouched_for if (address := canonical(hop))), "")


def canonical(text: str) -> str | None:
    """An address in one spelling, without a port; of IPv6 its network. None of what is none."""
    text = text.strip().strip('"')
    if bracketed := re.fullmatch(r"\[([^\]]*)\](?::\d+)?", text):
        text = bracketed[1]
    elif re.fullmatch(r"[\d.]+:\d+", text):
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((int(address), _IPV6_NETWORK_BITS), strict=False))
    return str(address)
