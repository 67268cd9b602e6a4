"""Which refills a claim takes, and in which order."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import BigInteger, Connection, bindparam, select, text

from monitor.model.target import Metric
from storage.bulk import read
from storage.column_types import AnySelect, microseconds
from storage.schema import orders, refills, targets


@dataclass(frozen=True, slots=True)
class ClaimFilter:
    """The refills that a consumer delivers; an empty set does not filter."""

    metrics: frozenset[Metric] = frozenset()
    providers: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()


EVERYTHING = ClaimFilter()


class Selection(NamedTuple):
    """A query of the ids of the refills that a claim takes, in their order, with its parameters.

    It locks them on PostgreSQL, and skips those that another transaction locks. It may be a part of another
    statement (a CTE, `IN`), whose result then has no order of its own.
    """

    query: AnySelect
    values: Mapping[str, object]


_r = refills.c
_IS_READY = (
    # no refill while the profile is private or the link is gone
    text("refills.state = 'queued'"),  # the literal condition of the partial index, so that it is used
    _r.available_at <= bindparam("now", type_=BigInteger()),
    targets.c.private_since.is_(None),
    targets.c.gone_at.is_(None),
)
_FILTERED = {"metric": _r.metric, "provider": orders.c.provider, "service": orders.c.service}


def selections(
    connection: Connection,  # noqa: ARG001  # which parts are paused
    now: datetime,
    wanted: ClaimFilter,
    limit: int,
) -> Iterator[Selection]:
    """What a claim tries in turn until one returns refills; made one after the other, usually only one."""
    query, values = _in_order(wanted, now)
    query = query.limit(bindparam("limit")).with_for_update(skip_locked=True, of=refills)
    yield Selection(query, values | {"limit": limit})


def first_ready(connection: Connection, now: datetime, wanted: ClaimFilter = EVERYTHING) -> int | None:
    """Since when the refill is ready that a claim would take first; None if none is."""
    query, values = _in_order(wanted, now)
    found = read(connection, _first(query), values)
    return found[0][0] if found else None


def _in_order(wanted: ClaimFilter, now: datetime) -> tuple[AnySelect, dict[str, object]]:
    given: dict[str, Iterable[str]] = {
        "metric": map(str, wanted.metrics),
        "provider": wanted.providers,
        "service": wanted.services,
    }
    named = {name: {f"{name}_{i}": value for i, value in enumerate(values)} for name, values in given.items()}
    parameters = {key: value for values in named.values() for key, value in values.items()}
    return _query(*map(tuple, named.values())), {**parameters, "now": microseconds(now)}


@lru_cache(64)
def _query(*named: tuple[str, ...]) -> AnySelect:
    """The query for so many metrics, providers and services."""
    query = (
        select(_r.refill_id)
        .join_from(refills, orders, orders.c.order_id == _r.order_id)
        .join(targets, targets.c.target_id == orders.c.target_id)
        .where(*_IS_READY)
    )
    for column, names in zip(_FILTERED.values(), named, strict=True):
        if names:
            query = query.where(column.in_([bindparam(name) for name in names]))
    return query.order_by(_r.available_at, _r.refill_id)


@lru_cache(64)
def _first(query: AnySelect) -> AnySelect:
    return query.with_only_columns(_r.available_at).limit(1)  # EXISTS might read the whole table
