"""Query strings of the audit trail and of the list of alerts."""

from monitor.events.kind import EventKind
from monitor.events.severity import Severity
from monitor.model.target import Metric
from refilld.services.list_query import LINK, NUMBER, PERIOD, TEXT, QueryFormat, one_of, word_of
from storage.actor import ActorKind
from storage.alert_list import DELIVERY_STATES, AlertFilter
from storage.event_list import EventFilter

_EVENT = {
    "kind": word_of(EventKind),
    "severity": word_of(Severity),
    "order_id": TEXT,
    "link": LINK,
    "metric": word_of(Metric),
    "source": TEXT,
    "service": TEXT,
    "provider": TEXT,
    "actor": TEXT,
    "actor_kind": word_of(ActorKind),
    **PERIOD,
}
EVENTS = QueryFormat(EventFilter, _EVENT)
ALERTS = QueryFormat(AlertFilter, {"state": one_of(DELIVERY_STATES), "message": NUMBER, **_EVENT})
