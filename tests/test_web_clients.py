"""Whom a request comes from, as far as it can be believed."""

from __future__ import annotations

from typing import Any

import pytest

from verbosify.errors import SettingsError
from verbosify.web.clients import Clients, is_near, read_address, read_networks

PROXIES = read_networks(["10.0.0.0/8", "2001:db8:ffff::/48", "127.0.0.1"])
NOWHERE = "0.0.0.0"  # noqa: S104  # nothing listens there


def scope(peer: str | None, *forwarded: str) -> dict[str, Any]:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    return {"type": "http", "client": (peer, 1) if peer else None, "headers": headers}


CASES: list[tuple[str | None, tuple[str, ...], str]] = [
    ("203.0.113.7", (), "203.0.113.7"),
    ("203.0.113.7", ("198.51.100.1",), "203.0.113.7"),  # no proxy of ours: not believed
    ("10.1.2.3", ("198.51.100.1",), "198.51.100.1"),
    ("10.1.2.3", ("1.1.1.1, 198.51.100.1",), "198.51.100.1"),  # the visitor wrote the first
    ("10.1.2.3", ("1.1.1.1", "198.51.100.1, 10.9.9.9"), "198.51.100.1"),
    ("10.1.2.3", ("10.0.0.1, 10.0.0.2",), "10.0.0.1"),
    ("10.1.2.3", ("198.51.100.1, rubbish",), "10.1.2.3"),
    ("10.1.2.3", ("",), "10.1.2.3"),
    ("10.1.2.3", (), "10.1.2.3"),
    ("10.1.2.3", ("198.51.100.1:4711",), "198.51.100.1"),
    ("10.1.2.3", ("[2001:db8::1]:4711",), "2001:db8::1"),
    ("::ffff:10.1.2.3", ("2001:db8::1",), "2001:db8::1"),
    ("2001:db8:ffff::1", ("::ffff:203.0.113.7",), "203.0.113.7"),
    ("fe80::1%eth0", (), "fe80::1"),
    ("10.1.2.3", (", ".join(["9.9.9.9"] * 5000 + ["198.51.100.1"]),), "198.51.100.1"),
    (None, ("198.51.100.1",), NOWHERE),
    ("testclient", (), NOWHERE),
]


@pytest.mark.parametrize(("peer", "forwarded", "address"), CASES)
def test_a_forwarded_address_is_believed_from_our_proxies_alone(
    peer: str | None, forwarded: tuple[str, ...], address: str
) -> None:
    assert str(Clients(PROXIES).address(scope(peer, *forwarded))) == address


def test_a_proxy_whose_address_cannot_be_listed_is_one_more_hop() -> None:
    clients = Clients(PROXIES, hops=1)
    assert str(clients.address(scope("10.1.2.3", "6.6.6.6, 198.51.100.1, 192.0.2.55"))) == "198.51.100.1"
    assert str(clients.address(scope("10.1.2.3", "192.0.2.55"))) == "192.0.2.55"
    assert str(clients.address(scope("192.0.2.55", "198.51.100.1"))) == "192.0.2.55"


def test_without_proxies_nobody_is_believed() -> None:
    assert str(Clients().address(scope("127.0.0.1", "198.51.100.1"))) == "127.0.0.1"


def test_all_addresses_of_a_household_are_one_client() -> None:
    def key(text: str, prefix: int = 64) -> str:
        address = read_address(text)
        assert address is not None
        return Clients(ipv6_prefix=prefix).key(address)

    assert key("2001:db8:1:2::1") == key("2001:db8:1:2:ffff:ffff:ffff:ffff") == "2001:db8:1:2::/64"
    assert key("2001:db8:1:2::1") != key("2001:db8:1:3::1")
    assert key("2001:db8:1:2::1", 48) == key("2001:db8:1:3::1", 48)
    assert key("203.0.113.7") != key("203.0.113.8")


def test_what_is_near_is_this_computer_and_what_is_said_to_be() -> None:
    def near(text: str) -> bool:
        address = read_address(text)
        assert address is not None
        return is_near(address, PROXIES)

    assert [near(text) for text in ("127.0.0.1", "::1", "10.2.2.2", "203.0.113.7", "2001:db8::1")] == [
        *(True, True, True),
        *(False, False),
    ]


def test_what_is_no_network_is_told() -> None:
    with pytest.raises(SettingsError, match="no address and no network"):
        read_networks(["10.0.0.0/8", "example.org"])
