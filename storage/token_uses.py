"""The use of tokens: when each was used last, and its requests in the current minute, by all processes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, case, or_

from storage.engine import insert_into
from storage.token_tables import token_uses

_u = token_uses.c
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class TokenUse:
    """Requests with a token that are not stored yet."""

    token_id: int
    used_at: datetime
    minute_at: datetime
    """The beginning of the minute in which they were counted."""
    requests: int


def add(connection: Connection, use: TokenUse) -> int:
    """Add requests to those of the minute; returns how many all processes have stored of it.

    A process whose clock is a minute behind counts in the later minute. A minute that is further ahead was
    written by a wrong clock, and is replaced.
    """
    values = {
        "token_id": use.token_id,
        "used_at": use.used_at,
        "minute_at": use.minute_at,
        "requests": use.requests,
    }
    added = insert_into(connection, token_uses).values(values)
    new = added.excluded
    same = or_(_u.minute_at == new.minute_at, _u.minute_at == use.minute_at + MINUTE)
    later = case((same, _u.minute_at), else_=new.minute_at)
    query = added.on_conflict_do_update(
        index_elements=[_u.token_id],
        set_={
            "used_at": new.used_at,
            "minute_at": later,
            "requests": case((same, _u.requests + new.requests), else_=new.requests),
        },
    )
    return int(connection.execute(query.returning(_u.requests)).scalar_one())
