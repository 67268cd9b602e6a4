"""Addresses and networks in the configuration, and whether a peer is among them."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_interface
from typing import TypeAlias

PeerNetwork: TypeAlias = IPv4Network | IPv6Network


def network(peer: str) -> PeerNetwork:
    """The network of an address or a network; ValueError says what is wrong with it."""
    try:
        interface = ip_interface(peer)
    except ValueError:
        raise ValueError(f"{peer!r} is not an address such as 127.0.0.1 or 10.0.0.0/8") from None
    found = interface.network
    if interface.ip != found.network_address:
        raise ValueError(f"{peer!r} is neither an address nor a network; write {interface.ip} or {found}")
    return found


def in_networks(peer: str | None, networks: Sequence[PeerNetwork]) -> bool:
    """Whether the other end of a connection is in one of these networks."""
    if not peer:
        return False
    address = ip_address(peer)
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in one for one in networks)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its address or its usual name."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
