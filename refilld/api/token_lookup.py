"""Looking up tokens, with a short memory: otherwise it would be a sixth of the cost of each request."""

from dataclasses import dataclass
from hashlib import sha256
from time import monotonic

from storage import tokens
from storage.engine import Database
from storage.tokens import CHANGES, TokenRow

FRESH = 2.0
"""Seconds for which a token is known without asking the database; so long a revoked one stays valid.

What this process itself revokes or rotates is forgotten at once.
"""


@dataclass(frozen=True, slots=True)
class _Known:
    row: TokenRow
    at: float
    changes: int

    @property
    def is_fresh(self) -> bool:
        return self.changes == CHANGES.number and monotonic() - self.at < FRESH


class TokenLookup:
    """Finds tokens; only valid ones are remembered, so that guesses take no memory."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[bytes, _Known] = {}

    def find(self, token: str) -> TokenRow | None:
        """The row of a token; None if it is unknown or revoked. It may have ended."""
        digest = sha256(token.encode()).digest()
        known = self._known.get(digest)
        if known is not None and known.is_fresh:
            return known.row
        changes, at = CHANGES.number, monotonic()
        with self._database.read() as tx:
            row = tokens.found(tx, token)
        if row is None:
            self._known.pop(digest, None)
        else:
            self._known[digest] = _Known(row, at, changes)
        return row
