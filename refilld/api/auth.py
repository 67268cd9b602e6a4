"""Authentication by bearer tokens (RFC 6750) and their scopes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from functools import wraps
from http import HTTPStatus
from typing import TypeAlias

from flask import Response, g, request

from refilld.api.problems import ProblemKind, problem
from refilld.api.token_lookup import TokenLookup
from refilld.services.token_uses import Quota, TokenUses
from storage.actor import Actor, actor, become
from storage.tokens import Scope, TokenRow

View: TypeAlias = Callable[..., Response]
_INVALID = 'Bearer error="invalid_token"'


class Admission(Enum):
    """What becomes of a request with a token."""

    GRANTED = auto()
    UNKNOWN = auto()
    ENDED = auto()
    TOO_MANY = auto()
    """The token has sent too many requests in this minute."""
    WRONG_SCOPE = auto()


@dataclass(frozen=True, slots=True)
class Guard:
    """Protects views by the scopes of bearer tokens, and by the number of their requests."""

    lookup: TokenLookup
    uses: TokenUses
    clock: Callable[[], datetime]
    limit: int
    """Requests that a token may send in a minute, unless it has a limit of its own; 0 is no limit."""

    def needs(self, view: View, *scopes: Scope) -> View:
        """The view, protected: the request must have a token with one of these scopes."""

        @wraps(view)
        def guarded(**arguments: object) -> Response:
            return self.refusal(*scopes) or view(**arguments)

        return guarded

    def refusal(self, *needed: Scope) -> Response | None:
        """The answer to a request without a token of one of these scopes; None if it has one."""
        token = bearer_token(request.environ.get("HTTP_AUTHORIZATION", ""))
        if token is None:
            return _unauthorized("Send a token: Authorization: Bearer TOKEN.", "Bearer")
        match self.admission(token, *needed):
            case Admission.GRANTED:
                return None
            case Admission.UNKNOWN:
                return _unknown()
            case Admission.ENDED:
                return _ended(g.token)
            case Admission.TOO_MANY:
                return _too_many(g.quota)
            case Admission.WRONG_SCOPE:
                return _forbidden(needed)

    def admission(self, token: str, *needed: Scope) -> Admission:
        """Whether a token may be used for this; one of the scopes is needed. A token in use is counted."""
        held = self.lookup.find(token)
        if held is None:
            return Admission.UNKNOWN
        g.token = held
        if self._has_ended(held):
            return Admission.ENDED
        if self._counted(held).exceeded:
            return Admission.TOO_MANY
        if not any(scope in held.scopes for scope in needed):
            return Admission.WRONG_SCOPE
        become(Actor(f"token {held.name or held.token_id}", actor().request_id))
        return Admission.GRANTED

    def withdrawal(self, token: str) -> Response | None:
        """The answer to a waiting request whose token was revoked or ended; None while it is valid."""
        held = self.lookup.find(token)
        if held is None:
            return _unknown()
        return _ended(held) if self._has_ended(held) else None

    def _has_ended(self, held: TokenRow) -> bool:
        return held.expires_at is not None and held.expires_at <= self.clock()

    def _counted(self, held: TokenRow) -> Quota:
        """Count the request; the answer will tell what is left."""
        own = held.requests_per_minute
        quota = self.uses.take(held.token_id, self.limit if own is None else own)
        g.quota = quota
        return quota


def add_quota(response: Response) -> Response:
    """Tell how many requests are left (draft-ietf-httpapi-ratelimit-headers), if there is a limit."""
    quota: Quota | None = g.get("quota")
    if quota is not None and quota.limit:
        response.headers.add("RateLimit-Policy", f'"token";q={quota.limit};w=60')
        response.headers.add("RateLimit", f'"token";r={max(quota.left, 0)};t={quota.reset}')
    return response


def bearer_token(header: str) -> str | None:
    """The token in an Authorization header; None if there is none."""
    scheme, _, token = header.partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _unknown() -> Response:
    return _unauthorized("The token is unknown or revoked.", _INVALID)


def _ended(held: TokenRow) -> Response:
    return _unauthorized(f"The token ended at {held.expires_at:%Y-%m-%d %H:%M} UTC.", _INVALID)


def _unauthorized(detail: str, challenge: str) -> Response:
    return problem(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": challenge})


def _forbidden(needed: tuple[Scope, ...]) -> Response:
    detail = f"The token does not have the scope {' or '.join(needed)}."
    challenge = f'Bearer error="insufficient_scope", scope="{" ".join(needed)}"'
    return problem(
        HTTPStatus.FORBIDDEN, detail, kind=ProblemKind.MISSING_SCOPE, headers={"WWW-Authenticate": challenge}
    )


def _too_many(quota: Quota) -> Response:
    return problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        f"The token may send {quota.limit} requests a minute; go on in {quota.reset} s.",
        headers={"Retry-After": str(quota.reset)},
    )
