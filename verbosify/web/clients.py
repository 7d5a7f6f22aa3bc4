"""Who asks: the address a request comes from, as far as it can be believed. Knows no quota and no page."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import Scope

from verbosify.errors import SettingsError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NOWHERE = ipaddress.IPv4Address("0.0.0.0")  # noqa: S104  # nothing listens there; who has no address is one client
_MOST_HOPS = 20


@dataclass(frozen=True, slots=True)
class Clients:
    """Tells clients apart.

    Attributes:
        proxies: the networks whose word is taken for whom they ask (`X-Forwarded-For`); nobody else's is.
        ipv6_prefix: bits of an IPv6 address that make one client, 1 to 128: a household has 64 bits of its own.
        hops: how many hops behind our proxies are proxies too, whose addresses cannot be listed: a delivery network's.
    """

    proxies: tuple[Network, ...] = ()
    ipv6_prefix: int = 64
    hops: int = 0

    def address(self, scope: Scope) -> Address:
        """Where a request comes from: the last hop that is no proxy of ours, or the last that can be read."""
        peer = scope.get("client")
        address = read_address(peer[0]) if peer else None
        if address is None:
            return _NOWHERE
        if not self.is_proxy(address):
            return address
        forwarded, unlisted = ",".join(Headers(scope=scope).getlist("x-forwarded-for")).split(","), self.hops
        for hop in reversed(forwarded[-_MOST_HOPS:]):
            if not self.is_proxy(address):
                unlisted -= 1
            named = read_address(hop)
            if unlisted < 0 or named is None:
                break
            address = named
        return address

    def is_proxy(self, address: Address) -> bool:
        """Whether that is the address of one of our proxies."""
        return _is_in(address, self.proxies)

    def key(self, address: Address) -> str:
        """What all addresses of one client have in common."""
        if isinstance(address, ipaddress.IPv4Address):
            return str(address)
        return str(ipaddress.ip_network((address, self.ipv6_prefix), strict=False))


def read_address(text: str) -> Address | None:
    """An address as servers write it, with a port or without; None if it is none. IPv4 within IPv6 is IPv4."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def read_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Addresses and networks, as `10.0.0.0/8`; `SettingsError` for what is none."""
    networks = []
    for text in texts:
        try:
            networks.append(ipaddress.ip_network(text.strip(), strict=False))
        except ValueError:
            raise SettingsError(f"{text!r} is no address and no network: write one as in 10.0.0.0/8.") from None
    return tuple(networks)


def is_near(address: Address, networks: Iterable[Network] = ()) -> bool:
    """Whether it is this computer's own address, or lies in one of the networks."""
    return address.is_loopback or _is_in(address, networks)


def _is_in(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
