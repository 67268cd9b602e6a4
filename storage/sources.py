"""What must be remembered of a source: the requests it was sent, its breaker, and what it read last."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from monitor.sources.breaker import Breaker
from monitor.target import Metric
from storage.engine import insert_into, take_turns
from storage.eye_tables import source_reads, source_requests, source_state

_s = source_state.c
_q = source_requests.c
_r = source_reads.c
_BREAKER = [field.name for field in fields(Breaker)]
_STATE = select(*(_s[name] for name in _BREAKER)).where(_s.source == bindparam("source"))
_LATEST = (
    select(_q.at).where(_q.source == bindparam("source")).order_by(_q.at.desc()).limit(bindparam("limit"))
)
_LAST_READ = select(_r.last_count_at).where(
    _r.source == bindparam("source"), _r.metric == bindparam("metric")
)


def breaker(connection: Connection, source: str) -> Breaker:
    """The breaker of a source; whoever has it may spend of the budget, and nobody else until the commit."""
    take_turns(connection, f"refilld source {source}")  # a source that was never refused has no row to lock
    row = connection.execute(_STATE, {"source": source}).one_or_none()
    if row is None:
        return Breaker()
    return Breaker(**dict(zip(_BREAKER, row, strict=True)))


def save_breaker(connection: Connection, source: str, state: Breaker) -> None:
    """Remember the breaker of a source."""
    values = asdict(state)
    row = insert_into(connection, source_state).values(source=source, **values)
    connection.execute(row.on_conflict_do_update(index_elements=["source"], set_=values))


def breakers(connection: Connection) -> Mapping[str, Breaker]:
    """All breakers that have something to remember."""
    names = connection.execute(select(_s.source)).scalars().all()
    return {name: breaker(connection, name) for name in names}


def latest_requests(connection: Connection, source: str, limit: int) -> list[datetime]:
    """Times of the newest requests to a source, newest first."""
    return list(connection.execute(_LATEST, {"source": source, "limit": limit}).scalars())


def requests_since(connection: Connection, source: str, since: datetime) -> int:
    """How many requests a source was sent after `since`."""
    query = select(func.count()).select_from(source_requests).where(_q.source == source, _q.at > since)
    return connection.execute(query).scalar_one()


def note_requests(connection: Connection, source: str, now: datetime, count: int) -> None:
    """Remember that so many requests went out."""
    if count > 0:
        connection.execute(insert(source_requests), [{"source": source, "at": now}] * count)


def forget_requests(connection: Connection, before: datetime) -> None:
    """Drop requests that no budget looks at any more."""
    connection.execute(delete(source_requests).where(_q.at < before))


def forget_requests_to_come(connection: Connection, after: datetime) -> None:
    """Drop requests of a time to come, noted under a clock that was wrong: they would close the source."""
    connection.execute(delete(source_requests).where(_q.at > after))


def note_read(connection: Connection, source: str, metric: Metric, at: datetime) -> None:
    """Remember that a source read a count of a metric."""
    row = insert_into(connection, source_reads).values(source=source, metric=metric, last_count_at=at)
    newest = {"last_count_at": row.excluded.last_count_at}
    connection.execute(row.on_conflict_do_update(index_elements=["source", "metric"], set_=newest))


def last_read(connection: Connection, source: str, metric: Metric) -> datetime | None:
    """When a source last read a count of a metric, from any target; None when it never did."""
    return connection.execute(_LAST_READ, {"source": source, "metric": metric}).scalar()
