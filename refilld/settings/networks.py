"""Addresses and networks in the configuration."""

from ipaddress import IPv4Network, IPv6Network, ip_interface


def network(peer: str) -> IPv4Network | IPv6Network:
    """The network of an address or a network; ValueError says what is wrong with it."""
    try:
        interface = ip_interface(peer)
    except ValueError:
        raise ValueError(f"{peer!r} is not an address such as 127.0.0.1 or 10.0.0.0/8") from None
    found = interface.network
    if interface.ip != found.network_address:
        raise ValueError(f"{peer!r} is neither an address nor a network; write {interface.ip} or {found}")
    return found
