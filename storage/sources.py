"""What is remembered of a source: the requests it was sent, its breaker, its strain, its last counts."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime

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
_STRAIN = [field.name for field in fields(RateLimitState)]
_BREAKER_OF = select(*(_s[name] for name in _BREAKER)).where(_s.source == bindparam("source"))
_STRAIN_OF = select(*(_s[name] for name in _STRAIN)).where(_s.source == bindparam("source"))
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
    """Have a source to oneself until the commit: its budget, its breaker, its clock."""
    advisory_lock(
        connection, f"refilld source {source}"
    )  # a source that was never refused has no row to lock


def breaker(connection: Connection, source: str) -> Breaker:
    """The breaker of a source; whoever has it may spend of the budget, and nobody else until the commit."""
    lock_source(connection, source)
    row = connection.execute(_BREAKER_OF, {"source": source}).one_or_none()
    if row is None:
        return Breaker()
    return Breaker(**dict(zip(_BREAKER, row, strict=True)))


def save_breaker(connection: Connection, source: str, state: Breaker) -> None:
    """Remember the breaker of a source; its strain stays as it is."""
    _save(connection, source, asdict(state), {})


def rate_limit_state(connection: Connection, source: str) -> RateLimitState:
    """What a source last said of its own limit."""
    row = connection.execute(_STRAIN_OF, {"source": source}).one_or_none()
    return RateLimitState() if row is None else RateLimitState(**dict(zip(_STRAIN, row, strict=True)))


def save_rate_limit_state(connection: Connection, source: str, state: RateLimitState) -> None:
    """Remember what a source said of its own limit; its breaker stays as it is."""
    _save(connection, source, asdict(state), asdict(Breaker()))


def _save(connection: Connection, source: str, values: dict[str, object], new: dict[str, object]) -> None:
    """Change these columns of a source's row; one that is not there yet starts with `new`, too."""
    row = insert_into(connection, source_state).values(source=source, **new, **values)
    connection.execute(row.on_conflict_do_update(index_elements=["source"], set_=values))


def nth_request(connection: Connection, source: str, n: int, since: datetime) -> datetime | None:
    """When the n-th newest request of those after `since` was sent; None when there were fewer."""
    asked = {"source": source, "since": since, "newer": n - 1}
    return connection.execute(_NTH, asked).scalar()


def served(connection: Connection, source: str, since: datetime) -> tuple[int, int]:
    """How many requests a source was sent after `since`, and how many looks they served."""
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
    """Remember that so many requests went out, which together serve so many looks."""
    rows = [{"source": source, "at": now, "purpose": purpose, "looks": 0} for _ in range(count)]
    if rows:
        connection.execute(insert(source_requests), [{**rows[0], "looks": looks}, *rows[1:]])


def forget_requests(connection: Connection, before: datetime) -> None:
    """Drop requests that no budget looks at any more."""
    connection.execute(delete(source_requests).where(_q.at < before))


def forget_requests_to_come(connection: Connection, after: datetime) -> int:
    """Drop requests of a time to come, noted under a clock that was wrong: they would close the source.

    Gives how many there were.
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


def last_read(connection: Connection, source: str, metric: Metric) -> datetime | None:
    """When a source last read a count of a metric, from any target; None when it never did."""
    return connection.execute(_LAST_READ, {"source": source, "metric": metric}).scalar()
