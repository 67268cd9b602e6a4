"""Authentication by bearer tokens (RFC 6750) and their scopes."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from http import HTTPStatus
from typing import TypeAlias

from flask import Response, g, request

from refilld.api.problems import ProblemKind, problem
from storage import tokens
from storage.actor import actor, become
from storage.engine import Database
from storage.tokens import Scope, TokenRow

View: TypeAlias = Callable[..., Response]


class Guard:
    """Protects views by the scopes of bearer tokens."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def needs(self, view: View, *scopes: Scope) -> View:
        """The view, protected: the request must have a token with one of these scopes."""

        @wraps(view)
        def guarded(**arguments: object) -> Response:
            return self.refusal(*scopes) or view(**arguments)

        return guarded

    def refusal(self, *needed: Scope) -> Response | None:
        """The answer to a request without a token of one of these scopes; None if it has one."""
        token = bearer_token(request.headers.get("Authorization", ""))
        if token is None:
            return _unauthorized("Send a token: Authorization: Bearer TOKEN.", "Bearer")
        held = self._held(token)
        if held is None:
            return _unauthorized("The token is unknown or revoked.", 'Bearer error="invalid_token"')
        if frozenset(held.scopes).isdisjoint(needed):
            return _forbidden(needed)
        _become_holder(held)
        return None

    def admits(self, token: str, scope: Scope) -> bool:
        """Whether a token that the request has elsewhere is known and has the scope."""
        held = self._held(token)
        if held is None or scope not in held.scopes:
            return False
        _become_holder(held)
        return True

    def _held(self, token: str) -> TokenRow | None:
        with self._database.read() as connection:
            return tokens.found(connection, token)


def bearer_token(header: str) -> str | None:
    """The token in an Authorization header; None if there is none."""
    scheme, _, token = header.partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _become_holder(held: TokenRow) -> None:
    g.token = held
    become(replace(actor(), name=f"token {held.name or held.token_id}"))


def _unauthorized(detail: str, challenge: str) -> Response:
    return problem(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": challenge})


def _forbidden(needed: tuple[Scope, ...]) -> Response:
    detail = f"The token does not have the scope {' or '.join(needed)}."
    challenge = f'Bearer error="insufficient_scope", scope="{" ".join(needed)}"'
    return problem(
        HTTPStatus.FORBIDDEN, detail, kind=ProblemKind.MISSING_SCOPE, headers={"WWW-Authenticate": challenge}
    )
