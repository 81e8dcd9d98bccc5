"""The address guard's table: which IP addresses may be asked. Pure.

Nothing passes that is not globally routable. The table is our own, because every library we tried
and `ipaddress.is_global` of several Python versions let something through (NAT64, 6to4,
IPv4-compatible addresses, the Azure host). IPv6 is an allow list, since deny lists rot: only
2000::/3, minus what is carved out of it. Ranges: IANA special-purpose registries, Nov 2026.
"""

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Network = IPv4Network | IPv6Network

_DENIED_V4 = tuple(
    (IPv4Network(network), name)
    for network, name in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared by carriers"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "Azure host"),
        ("169.254.0.0/16", "link-local, cloud metadata"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "protocol assignments"),
        ("192.0.2.0/24", "documentation"),
        ("192.31.196.0/24", "AS112"),
        ("192.52.193.0/24", "AMT relays"),
        ("192.88.99.0/24", "6to4 relays"),
        ("192.168.0.0/16", "private"),
        ("192.175.48.0/24", "AS112"),
        ("198.18.0.0/15", "benchmarks"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved, broadcast"),
    )
)
_GLOBAL_V6 = IPv6Network("2000::/3")
_DENIED_V6 = tuple(
    (IPv6Network(network), name)
    for network, name in (
        ("2001::/23", "protocol assignments: Teredo, ORCHID, benchmarks"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "6to4: carries an IPv4 address"),
        ("2620:4f:8000::/48", "AS112"),
        ("3fff::/20", "documentation"),
    )
)


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Read networks in CIDR form. Raises ValueError."""
    return tuple(ip_network(text) for text in texts)


def parse_address(text: str) -> IPv4Address | IPv6Address:
    """Read an address as a resolver gives it; an IPv4 address mapped into IPv6 becomes IPv4."""
    address = ip_address(text)
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def is_within(text: str, exempt: Iterable[Network]) -> bool:
    """Tell whether an address lies in one of the networks."""
    address = parse_address(text)
    return any(address in network for network in exempt)


def why_denied(text: str) -> str | None:
    """Return what kind of forbidden address this is, or None when it is public.

    Raises ValueError when it is no address at all.
    """
    address = parse_address(text)
    if isinstance(address, IPv4Address):
        return next((name for network, name in _DENIED_V4 if address in network), None)
    if address.scope_id is not None:
        return "scoped"
    if address not in _GLOBAL_V6:
        return "not global unicast"
    return next((name for network, name in _DENIED_V6 if address in network), None)
