"""Query strings of the list of decisions."""

from monitor.model.decision import Action, Reason
from refilld.services.list_query import PERIOD, QueryFormat, word_of
from refilld.services.sold_fields import SOLD
from storage.decision_list import DecisionFilter

DECISIONS = QueryFormat(
    DecisionFilter, {"decision": word_of(Action), "reason": word_of(Reason), **SOLD, **PERIOD}
)
