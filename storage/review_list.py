"""The list of refund reviews: filtered, page by page, newest first."""

from dataclasses import replace

from sqlalchemy import Connection, text

from storage.pages import CappedCount, Page, PageRequest, first_rows
from storage.reviews import LISTED, REFILLED, ReviewFilter, ReviewListing, ReviewState
from storage.schema import reviews
from storage.sold_filter import narrowed
from storage.walks import Walk, count, read_page

_v = reviews.c


def page(connection: Connection, wanted: ReviewFilter, request: PageRequest) -> Page[ReviewListing]:
    """One page of the reviews that a filter finds."""
    return read_page(
        connection,
        _walk(connection, wanted),
        LISTED,
        request,
        lambda rows: [ReviewListing(*row[:-2]) for row in rows],
    )


def counted(connection: Connection, wanted: ReviewFilter) -> CappedCount:
    """The number of the reviews that a filter finds."""
    return count(connection, _walk(connection, wanted), LISTED)


def open_found(connection: Connection, wanted: ReviewFilter, limit: int) -> list[ReviewListing]:
    """The open reviews that a filter finds, newest first; at most so many."""
    only_open = replace(wanted, state=ReviewState.OPEN)
    return first_rows(lambda request: page(connection, only_open, request), limit)


def _walk(connection: Connection, wanted: ReviewFilter) -> Walk:
    walk = Walk(reviews, _v.review_id, "ix_reviews_opened_at", _v.opened_at)
    if wanted.state is ReviewState.OPEN:
        walk = Walk(
            reviews, _v.review_id, "ix_reviews_open", _v.opened_at, (text("reviews.closed_at IS NULL"),)
        )
    walk = walk.within(wanted.since, wanted.before)
    walk = narrowed(connection, walk, wanted, _v.order_id, "ix_reviews_order_id")
    if wanted.state is ReviewState.CLOSED:
        walk = walk.filtered(_v.closed_at.is_not(None))
    if wanted.not_refilled:
        walk = walk.filtered(_v.units > REFILLED)
    return walk.equal((_v.cause, wanted.cause))
