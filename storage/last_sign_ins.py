"""When people signed in last, as far as the newest events tell it."""

from datetime import datetime

from sqlalchemy import Connection, func, select, text

from monitor.events.kind import EventKind
from storage.actor import ActorKind
from storage.alert_tables import NOT_BY_A_JOB, events

SEARCHED = 5_000
"""Events of people and programs that are looked through, the newest first."""
_e = events.c
_NEWEST = (
    select(_e.actor, _e.kind, _e.at)
    .where(text(NOT_BY_A_JOB))
    .order_by(_e.event_id.desc())
    .limit(SEARCHED)
    .subquery()
)
_LAST = (
    select(_NEWEST.c.actor, func.max(_NEWEST.c.at))
    .where(_NEWEST.c.kind == EventKind.USER_SIGNED_IN)
    .group_by(_NEWEST.c.actor)
)


def last_sign_ins(connection: Connection) -> dict[str, datetime]:
    """The last sign-in of each user, by name; without those that are longer ago."""
    page = f"{ActorKind.PAGE} "
    return {actor.removeprefix(page): at for actor, at in connection.execute(_LAST)}
