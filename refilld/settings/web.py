"""The section `[web]`: the pages of the operator's desk."""

from datetime import timedelta
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, field_validator, model_validator

from monitor.model.role import Role
from refilld.settings.http_url import is_http
from refilld.settings.networks import PeerNetwork, is_loopback, network
from refilld.settings.oidc import OidcSection
from refilld.settings.section import Duration, Section, wrong

HEADER_NAME = r"^$|^[A-Za-z][A-Za-z0-9-]*$"


class TrustedHeaderSection(Section):
    """Sign-in by a header that a proxy sets."""

    user: str = Field(default="", pattern=HEADER_NAME, max_length=100)
    groups: str = Field(default="", pattern=HEADER_NAME, max_length=100)
    peers: list[str] = []
    roles: dict[str, Role] = {}

    @field_validator("peers")
    @classmethod
    def _peers_are_addresses(cls, peers: list[str]) -> list[str]:
        for peer in peers:
            network(peer)
        return peers

    @model_validator(mode="after")
    def _is_complete(self) -> "TrustedHeaderSection":
        if self.user and not self.peers:
            raise wrong("name the proxy that sets the header, such as 127.0.0.1", "peers")
        if self.user and not (self.groups and self.roles):
            raise wrong(
                'name the header of groups, and a role for each, such as { ops = "operator" }', "roles"
            )
        return self

    @property
    def networks(self) -> list[PeerNetwork]:
        """The peers whose headers are honoured."""
        return [network(peer) for peer in self.peers]


def _as_browsers_send_it(parts: SplitResult) -> str:
    """An origin in lower case, with the ASCII form of its host, and without the default port."""
    host = (parts.hostname or "").encode("idna").decode()
    host = f"[{host}]" if ":" in host else host
    default = {"http": 80, "https": 443}[parts.scheme]
    port = "" if parts.port in {None, default} else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


class WebSection(Section):
    """The pages, and how people sign in to them."""

    enabled: bool = True
    public_url: str = ""
    """The origin of the pages; empty for the host that a request is sent to."""
    buyer_pages: bool = False
    """Whether a signed link lets a buyer see one order without a sign-in."""
    session_idle: Duration = Field(default=timedelta(hours=12), gt=timedelta(0))
    session_lifetime: Duration = Field(default=timedelta(days=14), gt=timedelta(0))
    trusted_header: TrustedHeaderSection = TrustedHeaderSection()
    oidc: OidcSection = OidcSection()

    @field_validator("public_url")
    @classmethod
    def _public_url_is_safe(cls, url: str) -> str:
        if not url:
            return url
        parts = urlsplit(url)
        if not is_http(url) or parts.path not in {"", "/"} or set("@?#") & set(url):
            raise ValueError(f"{url!r} is not the address of a host, such as https://refilld.example.com")
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise ValueError("passwords are sent to it, so it must begin with https://")
        return _as_browsers_send_it(parts)

    @model_validator(mode="after")
    def _provider_knows_the_address(self) -> "WebSection":
        if self.oidc.issuer and not self.public_url:
            raise wrong("is needed for [web.oidc]: the provider sends browsers back to it", "public_url")
        return self

    @property
    def secure(self) -> bool:
        """Whether browsers reach the pages by https only."""
        return self.public_url.startswith("https://")
