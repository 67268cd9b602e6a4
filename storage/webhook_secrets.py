"""The secrets that sign messages. They are read to sign only, and shown once, when they are made."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import token_bytes

from sqlalchemy import Connection, and_, delete, insert, or_, select, update

from monitor.webhooks.signature import written
from storage.webhook_tables import webhook_secrets

OVERLAP = timedelta(hours=24)
"""How long a secret goes on signing beside the one that replaces it."""
_KEY_BYTES = 32
_s = webhook_secrets.c


@dataclass(frozen=True, slots=True)
class SigningSecrets:
    """The secrets that sign at a time, newest first."""

    values: tuple[str, ...] = field(repr=False)


def create(connection: Connection, endpoint_id: int, now: datetime) -> str:
    """Make the secret of an endpoint; one that it had before goes on signing for a day."""
    current = and_(_s.endpoint_id == endpoint_id, _s.retires_at.is_(None))
    connection.execute(update(webhook_secrets).where(current).values(retires_at=now + OVERLAP))
    secret = written(token_bytes(_KEY_BYTES))
    row = {"endpoint_id": endpoint_id, "secret": secret, "created_at": now}
    connection.execute(insert(webhook_secrets), row)
    return secret


def delete_retired(connection: Connection, now: datetime) -> None:
    """Delete the secrets that do not sign any more."""
    connection.execute(delete(webhook_secrets).where(_s.retires_at <= now))


def signing(connection: Connection, endpoint_id: int, now: datetime) -> SigningSecrets:
    """The secrets that sign now."""
    valid = or_(_s.retires_at.is_(None), _s.retires_at > now)
    query = select(_s.secret).where(_s.endpoint_id == endpoint_id, valid).order_by(_s.secret_id.desc())
    return SigningSecrets(tuple(connection.execute(query).scalars()))
