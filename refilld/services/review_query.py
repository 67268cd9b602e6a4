"""Query strings of the list of refund reviews."""

from monitor.guarantee.refund_review import ReviewCause
from refilld.services.list_query import PERIOD, YES_OR_NO, QueryFormat, word_of
from refilld.services.sold_fields import SOLD
from storage.reviews import ReviewFilter, ReviewState

REVIEWS = QueryFormat(
    ReviewFilter,
    {
        "state": word_of(ReviewState),
        "cause": word_of(ReviewCause),
        "not_refilled": YES_OR_NO,
        **SOLD,
        **PERIOD,
    },
)
