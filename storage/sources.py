"""The state of sources: requests sent, circuit breaker, rate limit state, time of the last counts."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from monitor.model.target import Metric
from monitor.sources.breaker import Breaker
from monitor.sources.budget import Purpose
from monitor.sources.rate_limit_state import RateLimitState
from storage.engine import advisory_lock, insert_into
from storage.source_tables import source_reads, source_requests, source_state

_s = source_state.c
_q = source_requests.c
_r = source_reads.c
_BREAKER = [field.name for field in fields(Breaker)]
_RATE_LIMIT = [field.name for field in fields(RateLimitState)]
_BREAKER_OF = select(*(_s[name] for name in _BREAKER)).where(_s.source == bindparam("source"))
_RATE_LIMIT_OF = select(*(_s[name] for name in _RATE_LIMIT)).where(_s.source == bindparam("source"))
_NTH = (
    select(_q.at)
    .where(_q.source == bindparam("source"), _q.at > bindparam("since"))
    .order_by(_q.at.desc())
    .limit(1)
    .offset(bindparam("newer"))
)
_SERVED = select(func.count(), func.coalesce(func.sum(_q.looks), 0)).where(
    _q.source == bindparam("source"), _q.at > bindparam("since")
)
_LAST_READ = select(_r.last_count_at).where(
    _r.source == bindparam("source"), _r.metric == bindparam("metric")
)


def lock_source(connection: Connection, source: str) -> None:
    """Lock the budget, breaker and virtual time of a source until the commit."""
    # not a row lock, because a source that never refused has no row
    advisory_lock(connection, f"refilld source {source}")


def breaker(connection: Connection, source: str) -> Breaker:
    """The breaker of a source; locks the source until the commit."""
    lock_source(connection, source)
    row = connection.execute(_BREAKER_OF, {"source": source}).one_or_none()
    if row is None:
        return Breaker()
    return Breaker(**dict(zip(_BREAKER, row, strict=True)))


def save_breaker(connection: Connection, source: str, state: Breaker) -> None:
    """Store the breaker of a source; its rate limit state is unchanged."""
    _save(connection, source, asdict(state), {})


def rate_limit_state(connection: Connection, source: str) -> RateLimitState:
    """The rate limit state of a source."""
    row = connection.execute(_RATE_LIMIT_OF, {"source": source}).one_or_none()
    return RateLimitState() if row is None else RateLimitState(**dict(zip(_RATE_LIMIT, row, strict=True)))


def save_rate_limit_state(connection: Connection, source: str, state: RateLimitState) -> None:
    """Store the rate limit state of a source; its breaker is unchanged."""
    _save(connection, source, asdict(state), asdict(Breaker()))


def states(connection: Connection) -> dict[str, tuple[Breaker, RateLimitState]]:
    """The breaker and the rate limit state of every source that has any; locks nothing."""
    return {
        row.source: (
            Breaker(**{name: getattr(row, name) for name in _BREAKER}),
            RateLimitState(**{name: getattr(row, name) for name in _RATE_LIMIT}),
        )
        for row in connection.execute(select(source_state))
    }


def _save(connection: Connection, source: str, values: dict[str, object], new: dict[str, object]) -> None:
    """Update columns of the row of a source; a new row also gets the values of `new`."""
    row = insert_into(connection, source_state).values(source=source, **new, **values)
    connection.execute(row.on_conflict_do_update(index_elements=["source"], set_=values))


def nth_request(connection: Connection, source: str, n: int, since: datetime) -> datetime | None:
    """Time of the n-th newest request after `since`; None if there are fewer."""
    asked = {"source": source, "since": since, "newer": n - 1}
    return connection.execute(_NTH, asked).scalar()


def served(connection: Connection, source: str, since: datetime) -> tuple[int, int]:
    """Numbers of requests sent to a source after `since`, and of looks that they served."""
    requests, looks = connection.execute(_SERVED, {"source": source, "since": since}).one()
    return requests, int(looks)


def note_requests(
    connection: Connection,
    source: str,
    now: datetime,
    count: int,
    *,
    purpose: Purpose = Purpose.LOOK,
    looks: int = 0,
) -> None:
    """Store that `count` requests were sent, which together serve `looks` looks."""
    rows = [{"source": source, "at": now, "purpose": purpose, "looks": 0} for _ in range(count)]
    if rows:
        connection.execute(insert(source_requests), [{**rows[0], "looks": looks}, *rows[1:]])


def forget_requests(connection: Connection, now: datetime, kept: timedelta) -> None:
    """Delete requests that are too old to count for a budget.

    The newest of a source and those of the time before it stay, whatever the clock says: it may be ahead.
    """
    newest = connection.execute(select(_q.source, func.max(_q.at)).group_by(_q.source)).all()
    for source, at in newest:
        old = _q.source == source, _q.at < min(now, at) - kept
        connection.execute(delete(source_requests).where(*old))


def forget_requests_to_come(connection: Connection, after: datetime) -> int:
    """Delete requests with a time in the future, which a wrong clock caused; returns their number.

    They would count against the budget until their time.
    """
    return connection.execute(delete(source_requests).where(_q.at > after)).rowcount


def note_reads(connection: Connection, reads: Mapping[tuple[str, Metric], datetime]) -> None:
    """Save the time of the newest count that each source has read of each metric.

    Rows are written in one order, so that two transactions do not block each other.
    """
    if not reads:
        return
    insert = insert_into(connection, source_reads)
    newest = {"last_count_at": insert.excluded.last_count_at}
    rows = [{"source": key[0], "metric": key[1], "last_count_at": at} for key, at in sorted(reads.items())]
    connection.execute(insert.on_conflict_do_update(index_elements=["source", "metric"], set_=newest), rows)


def last_counts(connection: Connection) -> dict[str, datetime]:
    """Time of the newest count that each source has read."""
    newest = select(_r.source, func.max(_r.last_count_at)).group_by(_r.source)
    return dict(connection.execute(newest).all())


def reads(connection: Connection) -> dict[str, dict[Metric, datetime]]:
    """Time of the newest count that each source has read of each metric."""
    found: dict[str, dict[Metric, datetime]] = {}
    for row in connection.execute(select(source_reads)):
        found.setdefault(row.source, {})[row.metric] = row.last_count_at
    return found


def last_read(connection: Connection, source: str, metric: Metric) -> datetime | None:
    """Time of the newest count that a source read for a metric, at any target; None if there is none."""
    return connection.execute(_LAST_READ, {"source": source, "metric": metric}).scalar()
