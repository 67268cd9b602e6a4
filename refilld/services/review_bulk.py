"""Closing several refund reviews: planned on a fixed set of ids, then closed one by one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.model.sums import Item, Sum, grouped, item, summed
from refilld.services.input_limits import LARGEST_NUMBER
from refilld.services.left_out import LeftOut
from storage import review_list, reviews
from storage.engine import Database, Transaction
from storage.errors import NotFoundError, WrongStateError
from storage.reviews import ReviewFilter, ReviewListing


@dataclass(frozen=True, slots=True)
class ReviewPlan:
    """The reviews that will be closed, and those that are left out."""

    planned: tuple[ReviewListing, ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def all(self) -> Sum:
        return summed(map(item_of_review, self.planned))

    @property
    def by_cause(self) -> list[tuple[str | None, Sum]]:
        return grouped((str(row.cause), item_of_review(row)) for row in self.planned)

    @property
    def by_provider(self) -> list[tuple[str | None, Sum]]:
        return grouped((row.provider, item_of_review(row)) for row in self.planned)


def plan_named(tx: Transaction, review_ids: Sequence[int]) -> ReviewPlan:
    """Plan to close the reviews with these ids."""
    ids = list(dict.fromkeys(review_ids))
    known = {row.review_id: row for row in reviews.named(tx, ids)}
    left_out = [LeftOut(str(i), "there is no such review") for i in ids if i not in known]
    left_out += [LeftOut(str(i), "closed already") for i, row in known.items() if row.closed_at is not None]
    return ReviewPlan(tuple(row for row in known.values() if row.closed_at is None), tuple(left_out))


def plan_found(tx: Transaction, wanted: ReviewFilter, limit: int = LARGEST_NUMBER) -> ReviewPlan:
    """Plan to close the open reviews that a filter finds, at most so many."""
    return ReviewPlan(tuple(review_list.open_found(tx, wanted, limit)))


def close_all(
    database: Database, plan: ReviewPlan, note: str, clock: Callable[[], datetime]
) -> Iterator[str | None]:
    """Close each planned review; yields None, or the reason why it was refused."""
    for row in plan.planned:
        error = None
        try:
            with database.write() as tx:
                reviews.close(tx, row.review_id, note, clock())
        except (NotFoundError, WrongStateError) as refused:
            error = str(refused)
        yield error


def item_of_review(row: ReviewListing) -> Item:
    """The units of a review and their price, to be added up."""
    return item(1, row.units, row.share, row.currency, row.share)
