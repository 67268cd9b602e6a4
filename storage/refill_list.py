"""The list of refills: filtered, page by page, newest first."""

from sqlalchemy import Connection, text

from monitor.model.refill import RefillState
from storage.pages import CappedCount, Page, PageRequest
from storage.refill_selection import RefillFilter
from storage.refills import LISTED, RefillRow
from storage.schema import UNFINISHED_REFILL, refills
from storage.sold_filter import narrowed
from storage.walks import Walk, count, read_page

_r = refills.c
_UNFINISHED = frozenset(state for state in RefillState if state.open) | {RefillState.DEAD}


def page(connection: Connection, wanted: RefillFilter, request: PageRequest) -> Page[RefillRow]:
    """One page of the refills that a filter finds."""
    return read_page(
        connection,
        _walk(connection, wanted),
        LISTED,
        request,
        lambda rows: [RefillRow(*row[:-2]) for row in rows],
    )


def counted(connection: Connection, wanted: RefillFilter) -> CappedCount:
    """The number of the refills that a filter finds."""
    return count(connection, _walk(connection, wanted), LISTED)


def _walk(connection: Connection, wanted: RefillFilter) -> Walk:
    walk = Walk(refills, _r.refill_id, "ix_refills_created_at", _r.created_at)
    if wanted.state in _UNFINISHED:
        in_state = (text(f"refills.{UNFINISHED_REFILL}"), _r.state == wanted.state)
        walk = Walk(refills, _r.refill_id, "ix_refills_unfinished", _r.created_at, in_state)
    walk = walk.within(wanted.since, wanted.before)
    walk = narrowed(connection, walk, wanted, _r.order_id, None)
    finished = None if wanted.state in _UNFINISHED else wanted.state
    return walk.equal((_r.state, finished), (_r.reason, wanted.reason), (_r.consumer, wanted.consumer))
