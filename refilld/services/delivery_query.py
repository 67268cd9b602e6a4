"""Query strings of the delivery log of webhooks."""

from monitor.events.kind import EventKind
from refilld.services.list_query import NUMBER, QueryFormat, one_of, word_of
from storage.webhook_log import STATES, DeliveryFilter

DELIVERIES = QueryFormat(
    DeliveryFilter, {"endpoint_id": NUMBER, "state": one_of(STATES), "kind": word_of(EventKind)}
)
