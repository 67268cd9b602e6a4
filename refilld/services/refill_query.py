"""Query strings of the list of refills."""

from monitor.model.decision import Reason
from monitor.model.refill import RefillState
from refilld.services.list_query import PERIOD, TEXT, QueryFormat, word_of
from refilld.services.sold_fields import SOLD
from storage.refill_selection import RefillFilter

REFILLS = QueryFormat(
    RefillFilter,
    {"state": word_of(RefillState), "reason": word_of(Reason), "consumer": TEXT, **SOLD, **PERIOD},
)
