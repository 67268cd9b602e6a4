"""Where messages may be sent to: URLs, public addresses, and what the operator has allowed."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TypeAlias

from monitor.errors import BadInputError

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

LONGEST_URL = 2000
HTTPS = 443
_PORTS = {"https": HTTPS, "http": 80}
_FIRST_FREE_PORT = 1024
_LAST_PORT = 65535
_NAME = r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?"
_TARGET = r"""[/?][!-"$-\[\]-~]*"""
"""Path and query: printable ASCII without `#` and backslashes."""
_URL = re.compile(rf"(https?)://(\[[0-9a-f:.]+\]|{_NAME})\.?(?::([0-9]{{1,5}}))?({_TARGET})?", re.IGNORECASE)
_UNICAST = ip_network("2000::/3")
"""The only IPv6 addresses that are routed on the Internet."""
_NOT_PUBLIC = tuple(
    map(
        ip_network,
        (
            "168.63.129.16/32",  # services of Azure for its machines
            "192.0.0.0/24",  # reserved for protocols; Oracle's metadata of machines is 192.0.0.192
            "192.88.99.0/24",  # relays from IPv6 to IPv4
            "2001::/23",  # Teredo and other protocols, which contain an IPv4 address
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, which contains an IPv4 address
            "3fff::/20",  # documentation
        ),
    )
)


@dataclass(frozen=True, slots=True)
class WebhookUrl:
    """The parts of the URL of an endpoint."""

    scheme: str
    host: str
    """In lower case; an IPv6 address without brackets."""
    port: int
    target: str
    """Path and query."""

    @property
    def authority(self) -> str:
        """The value of the header `Host`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def literal(self) -> Address | None:
        """The host as an address; None if it is a name."""
        try:
            return ip_address(self.host)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class AllowedHosts:
    """What the operator allows beside public addresses."""

    names: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    def refusal(self, url: WebhookUrl, addresses: Sequence[Address]) -> str:
        """Why nothing may be sent to a URL whose host has these addresses; empty if it may."""
        others = [one for one in addresses if not any(one in network for network in self.networks)]
        if url.host in self.names or not others:
            return ""
        if url.scheme != "https":
            return f"plain http is only used for hosts in webhooks.allow, and {url.host} is not in it"
        bad = [one for one in others if not is_public(one)]
        if bad:
            return f"the address {bad[0]} of {url.host} is not public; webhooks.allow can allow it"
        if url.port != HTTPS and url.port < _FIRST_FREE_PORT:
            return f"port {url.port} is only used for hosts in webhooks.allow"
        return ""


def parse_allowed(entries: Iterable[str]) -> AllowedHosts:
    """Read names, addresses and networks; raises BadInputError."""
    names, networks = set(), []
    for entry in entries:
        try:
            networks.append(ip_network(entry))
        except ValueError as error:
            if not re.fullmatch(_NAME, entry, re.IGNORECASE) or re.fullmatch(r"[0-9./]*", entry):
                problem = f"{entry!r} is no address, network or name of a host ({error})"
                raise BadInputError("allow", problem) from None
            names.add(entry.lower())
    return AllowedHosts(frozenset(names), tuple(networks))


def parse_url(text: str) -> WebhookUrl:
    """Read the URL of an endpoint; raises BadInputError without it, because it may hold secrets."""
    found = _URL.fullmatch(text) if len(text) <= LONGEST_URL else None
    if found is None:
        raise BadInputError("url", _problem(text))
    scheme, host, port, target = found.groups()
    number = int(port) if port else _PORTS[scheme.lower()]
    if not 1 <= number <= _LAST_PORT:
        raise BadInputError("url", "the port must be from 1 to 65535")
    path = target or "/"
    url = WebhookUrl(
        scheme.lower(), host.strip("[]").lower(), number, path if path.startswith("/") else f"/{path}"
    )
    if ":" in url.host and url.literal is None:
        raise BadInputError("url", "the host is no IPv6 address")
    return url


def _problem(text: str) -> str:
    authority = re.split(r"[/?#\\]", text.partition("://")[2], maxsplit=1)[0]
    if len(text) > LONGEST_URL:
        return f"must have at most {LONGEST_URL} characters"
    if not text.lower().startswith(("https://", "http://")):
        return "must begin with https://"
    if "@" in authority:
        return "must not contain a user name or password; messages are signed instead"
    if not authority.isascii():
        return "write the host in ASCII, as xn--…"
    return "is not a URL of the form https://host/path, in ASCII, without fragment, spaces and backslashes"


def is_public(address: Address) -> bool:
    """Whether an address is one of a host on the Internet."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return is_public(address.ipv4_mapped)
        if address not in _UNICAST:
            return False
    special = address.is_multicast or address.is_reserved
    return address.is_global and not special and not any(address in network for network in _NOT_PUBLIC)
