"""Query strings of the list of drops."""

from monitor.model.decision import Action, Reason
from monitor.model.drop import DropState
from refilld.services.list_query import PERIOD, YES_OR_NO, QueryFormat, word_of
from refilld.services.sold_fields import SOLD
from storage.drop_list import DropFilter

DROPS = QueryFormat(
    DropFilter,
    {
        "open_only": YES_OR_NO,
        "state": word_of(DropState),
        "decision": word_of(Action),
        "reason": word_of(Reason),
        **SOLD,
        **PERIOD,
    },
)
