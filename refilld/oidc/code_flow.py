"""The authorization code flow: the URL that a browser is sent to, and what its code is good for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session

from refilld.oidc import id_token
from refilld.oidc.attempt import SignInAttempt
from refilld.oidc.errors import OidcError
from refilld.oidc.provider import POST, SECONDS, ProviderMetadata, discover, faults_of, read_json
from refilld.settings.oidc import OidcSection

KEPT = 300.0
"""Seconds that the discovery document is kept."""


@dataclass(slots=True)
class CodeFlow:
    """The flow of one client."""

    section: OidcSection
    redirect_uri: str
    clock: Callable[[], float] = monotonic
    _metadata: tuple[float, ProviderMetadata] | None = field(default=None, repr=False)

    def url(self, attempt: SignInAttempt) -> str:
        """Where a browser signs in; raises OidcError."""
        endpoint = self._provider().authorization_endpoint
        with self._session("") as session:
            url, _ = session.create_authorization_url(
                endpoint, state=attempt.state, nonce=attempt.nonce, code_verifier=attempt.verifier
            )
        return str(url)

    def claims(self, code: str, attempt: SignInAttempt, now: datetime) -> Mapping[str, Any]:
        """Who has signed in, as the provider has signed it; raises OidcError."""
        provider = self._provider()
        tokens = self._tokens(provider, code, attempt)
        keys = read_json(provider.jwks_uri)
        found = id_token.verified(
            tokens.get("id_token"), keys, self.section.issuer, self.section.client_id, attempt.nonce, now
        )
        wanted = {self.section.name_claim, self.section.groups_claim}
        if wanted <= found.keys() or not provider.userinfo_endpoint:
            return found
        more = read_json(provider.userinfo_endpoint, str(tokens.get("access_token", "")))
        if more.get("sub") != found["sub"]:
            raise OidcError("its userinfo is about somebody else")
        return {**more, **found}

    def _tokens(self, provider: ProviderMetadata, code: str, attempt: SignInAttempt) -> Mapping[str, Any]:
        secret = self._secret()
        endpoint = provider.token_endpoint
        method = "none" if not secret else POST if provider.post_only else "client_secret_basic"
        with self._session(secret, method) as session, faults_of(endpoint):
            session.trust_env = False
            try:
                found: Mapping[str, Any] = session.fetch_token(
                    endpoint,
                    code=code,
                    code_verifier=attempt.verifier,
                    timeout=SECONDS,
                    allow_redirects=False,
                )
            except AuthlibBaseError as error:
                raise OidcError(f"it refused the code: {error.error}") from None
        return found

    def _session(self, secret: str, method: str = "none") -> OAuth2Session:
        return OAuth2Session(
            self.section.client_id,
            secret or None,
            token_endpoint_auth_method=method,
            scope=" ".join(self.section.scopes),
            redirect_uri=self.redirect_uri,
            code_challenge_method="S256",
        )

    def _secret(self) -> str:
        """The secret of the client, read each time, so that it may change."""
        path = self.section.secret_path
        try:
            return "" if path is None else path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "is not UTF-8"
            raise OidcError(f"web.oidc.client_secret_file {path}: {reason}") from None

    def _provider(self) -> ProviderMetadata:
        now = self.clock()
        if self._metadata is None or now - self._metadata[0] > KEPT:
            self._metadata = now, discover(self.section.issuer)
        return self._metadata[1]
