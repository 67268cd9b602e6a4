"""The section `[web.oidc]`: sign-in at an OpenID provider."""

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from monitor.model.role import Role
from refilld.settings.http_url import is_http
from refilld.settings.networks import is_loopback
from refilld.settings.section import Section, wrong
from refilld.settings.user_path import user_path


def is_safe_url(url: str) -> bool:
    """Whether secrets may be sent to a URL: by https, or within this machine."""
    parts = urlsplit(url) if is_http(url) else None
    return parts is not None and (parts.scheme == "https" or is_loopback(parts.hostname or ""))


class OidcSection(Section):
    """Sign-in at an OpenID provider, with a role for each group."""

    issuer: str = ""
    client_id: str = Field(default="", max_length=500)
    client_secret_file: str = ""
    scopes: list[str] = ["openid", "profile", "groups"]
    name_claim: str = "preferred_username"
    groups_claim: str = "groups"
    roles: dict[str, Role] = {}

    @field_validator("issuer")
    @classmethod
    def _issuer_is_safe(cls, issuer: str) -> str:
        parts = urlsplit(issuer)
        if issuer and (not is_safe_url(issuer) or "@" in parts.netloc or parts.query or parts.fragment):
            raise ValueError(f"{issuer!r} is not the https URL of a provider")
        return issuer

    @field_validator("scopes")
    @classmethod
    def _scopes_have_openid(cls, scopes: list[str]) -> list[str]:
        if "openid" not in scopes:
            raise ValueError('must contain "openid"')
        return scopes

    @model_validator(mode="after")
    def _is_complete(self) -> "OidcSection":
        if self.issuer and not self.client_id:
            raise wrong("is the name of refilld at the provider", "client_id")
        if self.issuer and not self.roles:
            raise wrong('name a role for each group, such as { ops = "operator" }', "roles")
        return self

    @property
    def secret_path(self) -> Path | None:
        """The file with the secret of the client; None without one."""
        return user_path(self.client_secret_file)

    @property
    def host(self) -> str:
        """The host of the provider."""
        return urlsplit(self.issuer).hostname or ""
