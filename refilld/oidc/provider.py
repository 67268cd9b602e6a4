"""What a provider says about itself (OpenID Connect Discovery), and requests to it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from refilld.http_limits import limited_answers
from refilld.oidc.errors import OidcError
from refilld.settings.oidc import is_safe_url

SECONDS = 5.0
"""For one request."""
WELL_KNOWN = "/.well-known/openid-configuration"
POST = "client_secret_post"


@dataclass(frozen=True, slots=True)
class ProviderMetadata:
    """The discovery document, as far as it is used."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    """Empty if it has none."""
    post_only: bool
    """Whether it takes the secret of a client in the form only."""
    scopes: frozenset[str] | None
    """The scopes that it knows; None if it does not say."""


def discover(issuer: str) -> ProviderMetadata:
    """Read the discovery document of an issuer; raises OidcError."""
    document = read_json(issuer.rstrip("/") + WELL_KNOWN)
    if document.get("issuer") != issuer:
        raise OidcError(f"it names itself {document.get('issuer')!r}, not {issuer!r}")
    if "S256" not in document.get("code_challenge_methods_supported", ["S256"]):
        raise OidcError("it does not support PKCE with S256")
    methods = document.get("token_endpoint_auth_methods_supported", [])
    scopes = document.get("scopes_supported")
    userinfo = document.get("userinfo_endpoint")
    return ProviderMetadata(
        _url(document, "authorization_endpoint"),
        _url(document, "token_endpoint"),
        _url(document, "jwks_uri"),
        _url(document, "userinfo_endpoint") if userinfo else "",
        POST in methods and "client_secret_basic" not in methods,
        frozenset(map(str, scopes)) if isinstance(scopes, list) else None,
    )


def _url(document: Mapping[str, Any], name: str) -> str:
    url = document.get(name)
    if not isinstance(url, str) or not is_safe_url(url):
        raise OidcError(f"its {name} is no https URL")
    return url


def read_json(url: str, access_token: str = "") -> Mapping[str, Any]:
    """The JSON object at a URL; raises OidcError."""
    headers = {"Accept": "application/json"}
    if access_token:
        headers["Authorization"] = f"Bearer {access_token}"
    with requests.Session() as session, faults_of(url):
        session.trust_env = False
        answer = session.get(url, headers=headers, timeout=SECONDS, allow_redirects=False)
        found = answer.json() if answer.ok and not answer.is_redirect else None
    if not isinstance(found, dict):
        raise OidcError(f"{place(url)} answered with status {answer.status_code} and no JSON object")
    return found


@contextmanager
def faults_of(url: str) -> Iterator[None]:
    """Limit the answers of requests to a URL, and raise their faults as OidcError."""
    with limited_answers(SECONDS) as limits:
        try:
            yield
        except (OSError, ValueError) as error:  # also what requests raises; its text may hold a secret
            problem = limits.problem or _words(error)
            raise OidcError(f"{place(url)}: {problem}") from None


def _words(error: Exception) -> str:
    if isinstance(error, requests.ConnectionError):
        return "it cannot be reached"
    return "its answer is no JSON" if isinstance(error, ValueError) else type(error).__name__


def place(url: str) -> str:
    """The address of a URL, without its query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"
