"""Which refills a claim takes, and in which order."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Connection,
    Integer,
    bindparam,
    case,
    exists,
    literal_column,
    select,
    text,
)

from monitor.model.target import Metric
from storage import claim_groups
from storage.bulk import read
from storage.column_types import AnySelect, microseconds
from storage.queue_tables import queue_pauses
from storage.schema import CLAIMABLE, refills


@dataclass(frozen=True, slots=True)
class ClaimFilter:
    """The refills that a consumer delivers, and their order; an empty set does not filter."""

    metrics: frozenset[Metric] = frozenset()
    providers: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    buyers_first: bool = True
    """Those that a buyer asked for before the rest, the oldest of both first; else only by age."""

    @property
    def lists(self) -> dict[str, list[str]]:
        """The values of those filters that are set."""
        named = {"metrics": self.metrics, "providers": self.providers, "services": self.services}
        return {name: sorted(map(str, values)) for name, values in named.items() if values}


EVERYTHING = ClaimFilter()
BY_AGE = ClaimFilter(buyers_first=False)


class Selection(NamedTuple):
    """A query of the ids of the refills that a claim takes, in their order, with its parameters.

    It locks them on PostgreSQL, and skips those that another transaction locks. It may be a part of another
    statement (a CTE, `IN`), whose result then has no order of its own: `refills.claim_rank` (if buyers are
    first), `available_at`, `refill_id`.
    """

    query: AnySelect
    values: Mapping[str, object]


_r = refills.c
_NOW: BindParameter[int] = bindparam("now", type_=BigInteger())
_IS_CLAIMABLE = text(f"refills.{CLAIMABLE.replace('hidden', 'refills.hidden')}")
"""Literal, as in the partial indexes, so that they are used."""
_IS_READY = _IS_CLAIMABLE, _r.available_at <= _NOW
_UNLESS_PAUSED = case((exists(select(queue_pauses.c.part)), literal_column("-1")), else_=_NOW)
"""The end of the times that are read: none while something is paused, so that nothing is read in vain."""
_IN_ORDER = (
    select(_r.refill_id)
    # each rank is one range of the index
    .where(_IS_CLAIMABLE, text("refills.claim_rank IN (0, 1)"), _r.available_at <= _UNLESS_PAUSED)
    .order_by(_r.claim_rank, _r.available_at, _r.refill_id)
)
_ANY_PAUSE = select(queue_pauses.c.part).limit(1)


def selections(connection: Connection, now: datetime, wanted: ClaimFilter, limit: int) -> Iterator[Selection]:
    """What a claim tries in turn until one returns refills; made one after the other, usually only one."""
    if connection.dialect.name == "sqlite":
        for query, values in _in_order(connection, now, wanted, limit):
            yield Selection(_limited(query), {**values, "limit": limit})
    else:
        for query, values in _in_order(connection, now, wanted, limit + claim_groups.SPARE):
            yield Selection(_locked(query, limit), values)


def first_ready(connection: Connection, now: datetime, wanted: ClaimFilter = EVERYTHING) -> int | None:
    """Since when the refill is ready that a claim would take first; None if none is."""
    for query, values in _in_order(connection, now, wanted, 1):
        found = read(connection, _first(query), values)
        if found:
            return int(found[0][0])
    return None


def _in_order(connection: Connection, now: datetime, wanted: ClaimFilter, most: int) -> Iterator[Selection]:
    """Without filter and pause all is read in the order of one index, else at most so many of each group."""
    values: dict[str, object] = {"now": microseconds(now)}
    if wanted == EVERYTHING:
        yield Selection(_IN_ORDER, values)
        if not read(connection, _ANY_PAUSE, {}):
            return
    lists = wanted.lists
    query = claim_groups.query_of(connection.dialect.name, frozenset(lists), buyers_first=wanted.buyers_first)
    given = {name: json.dumps(value) for name, value in lists.items()}
    yield Selection(_checked(query), values | given | {"most": most})


@lru_cache(64)
def _checked(query: AnySelect) -> AnySelect:
    """The query, which looks at refills again once they are locked."""
    return query.where(*_IS_READY)


@lru_cache(64)
def _limited(query: AnySelect) -> AnySelect:
    return query.limit(bindparam("limit", type_=Integer()))


@lru_cache(64)
def _locked(query: AnySelect, limit: int) -> AnySelect:
    """The limit is literal: PostgreSQL plans a statement anew each time if it is a parameter."""
    return query.limit(literal_column(str(limit))).with_for_update(skip_locked=True, of=refills)


@lru_cache(64)
def _first(query: AnySelect) -> AnySelect:
    return query.with_only_columns(_r.available_at).limit(1)  # EXISTS might read the whole table
