"""Whose request it is: the customer's address, also behind trusted proxies, and what counts as one customer."""

from __future__ import annotations

import ipaddress

from aiohttp import web

from gateway.services import SERVICES

_IPV6_CUSTOMER_BITS = 64


def client_address(request: web.Request) -> str:
    """The customer's address: the peer's, or the last untrusted hop of X-Forwarded-For behind a trusted proxy."""
    trusted = request.app[SERVICES].settings.gateway.trusted_proxies
    peer = request.remote or "unknown"
    if peer not in trusted:
        return peer
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    address = next((hop for hop in reversed(hops) if hop not in trusted), peer)
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return peer


def rate_key(address: str) -> str:
    """What a rate limit counts: an IPv4 address, or the /64 network that one IPv6 customer has to themselves."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    return str(ipaddress.ip_network((parsed, _IPV6_CUSTOMER_BITS), strict=False))
