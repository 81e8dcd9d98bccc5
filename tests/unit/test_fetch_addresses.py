import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.fetch.addresses import is_within, networks, why_denied

DENIED = {
    "this network": ["0.0.0.0", "0.255.255.255"],
    "private 10": ["10.0.0.0", "10.255.255.255"],
    "carriers": ["100.64.0.0", "100.127.255.255", "100.100.100.200"],
    "loopback": ["127.0.0.1", "127.255.255.255"],
    "azure": ["168.63.129.16"],
    "link-local and metadata": ["169.254.0.0", "169.254.169.254", "169.254.255.255"],
    "private 172": ["172.16.0.0", "172.31.255.255"],
    "protocol assignments": ["192.0.0.0", "192.0.0.9", "192.0.0.192", "192.0.0.255"],
    "documentation": ["192.0.2.1", "198.51.100.1", "203.0.113.255"],
    "as112 and amt": ["192.31.196.1", "192.52.193.1", "192.175.48.1"],
    "6to4 relays": ["192.88.99.1"],
    "private 192": ["192.168.0.0", "192.168.255.255"],
    "benchmarks": ["198.18.0.0", "198.19.255.255"],
    "multicast": ["224.0.0.1", "239.255.255.255"],
    "reserved": ["240.0.0.1", "255.255.255.255"],
    "v6 unspecified and loopback": ["::", "::1"],
    "v4-compatible": ["::127.0.0.1", "::8.8.8.8"],
    "v4-mapped": ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "::ffff:a83f:8110"],
    "siit": ["::ffff:0:127.0.0.1", "::ffff:0:8.8.8.8"],
    "nat64": ["64:ff9b::7f00:1", "64:ff9b::8.8.8.8", "64:ff9b:1::1"],
    "discard, srv6": ["100::1", "100:0:0:1::1", "5f00::1"],
    "teredo, benchmarks, orchid": ["2001::1", "2001:2::1", "2001:10::1", "2001:1ff::1"],
    "v6 documentation": ["2001:db8::1", "2001:db8:ffff::1", "3fff::1", "3fff:fff::1"],
    "6to4": ["2002::1", "2002:7f00:1::", "2002:a9fe:a9fe::1"],
    "v6 as112": ["2620:4f:8000::1"],
    "unique local": ["fc00::1", "fd00:ec2::254", "fdff::1"],
    "v6 link-local": ["fe80::1", "fe80::1%eth0", "febf::1"],
    "site-local": ["fec0::1", "feff::1"],
    "v6 multicast": ["ff02::1", "ff0e::1"],
    "unassigned": ["4000::1", "8000::1", "1fff::1"],
}  # fmt: skip
PUBLIC = [
    "8.8.8.8", "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
    "126.255.255.255", "128.0.0.1", "168.63.129.15", "169.253.255.255", "172.15.255.255",
    "172.32.0.0", "192.0.1.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0",
    "223.255.255.255", "93.184.216.34", "::ffff:8.8.8.8", "2606:4700::1111", "2a00:1450::1",
    "2001:200::1", "2001:4860:4860::8888", "2003::1", "2620:4f:8001::1", "3ffe::1",
]  # fmt: skip


@pytest.mark.parametrize("address", [address for group in DENIED.values() for address in group])
def test_no_address_that_is_not_public_passes(address):
    assert why_denied(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_pass(address):
    assert why_denied(address) is None


@pytest.mark.parametrize(
    "text", ["", "a.test", "127.1", "0177.0.0.1", "2130706433", "0x7f.0.0.1", "127.0.0.1 ", "[::1]"]
)
def test_what_is_no_address_is_never_public(text):
    with pytest.raises(ValueError, match="does not appear to be"):
        why_denied(text)


@given(st.ip_addresses())
def test_nothing_passes_that_python_calls_special(address):
    """Our table is stricter than each of Python's own properties, in all versions."""
    if why_denied(str(address)) is None:
        plain = getattr(address, "ipv4_mapped", None) or address
        assert plain.is_global
        special = ("private", "multicast", "reserved", "link_local", "loopback", "unspecified")
        assert not any(getattr(plain, f"is_{kind}") for kind in special)


@given(st.ip_addresses(v=4))
def test_mapping_an_address_into_ipv6_changes_nothing(address):
    assert why_denied(f"::ffff:{address}") == why_denied(str(address))


def test_exempt_networks_hold_mapped_addresses_too():
    exempt = networks(["127.0.0.0/8", "fd00::/8"])
    assert is_within("127.0.0.1", exempt)
    assert is_within("::ffff:127.0.0.1", exempt)
    assert is_within("fd12::1", exempt)
    assert not is_within("10.0.0.1", exempt)
    assert not is_within("::1", exempt)
    assert not is_within(str(ipaddress.ip_address("8.8.8.8")), ())
