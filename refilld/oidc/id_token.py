"""Verifying ID tokens: signature, issuer, audience, times and nonce (OpenID Connect Core, 3.1.3.7)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from refilld.oidc.errors import OidcError

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures with public keys only, so that nobody can sign with what is published."""
LEEWAY = 60
"""Seconds that the clocks of provider and host may differ."""


def verified(
    token: object, keys: Mapping[str, Any], issuer: str, client_id: str, nonce: str, now: datetime
) -> Mapping[str, Any]:
    """The claims of a token that this provider has made for us now; raises OidcError."""
    if not isinstance(token, str):
        raise OidcError("it has sent no ID token")
    expected = JWTClaimsRegistry(
        int(now.timestamp()),
        LEEWAY,
        iss={"essential": True, "value": issuer},
        sub={"essential": True},
        aud={"essential": True, "value": client_id},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        decoded = jwt.decode(token, KeySet.import_key_set({"keys": keys.get("keys", [])}), ALGORITHMS)
        expected.validate(decoded.claims)
    except (JoseError, ValueError, TypeError) as error:
        raise OidcError(f"its ID token is not valid: {error}") from None
    claims: Mapping[str, Any] = decoded.claims
    audience = claims["aud"]
    party = claims.get("azp", client_id if isinstance(audience, str) or len(audience) == 1 else None)
    if party != client_id:
        raise OidcError("its ID token was made for another client")
    return claims
