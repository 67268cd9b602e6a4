"""The fields of query strings that filter by what was sold: the same in every list of what orders have."""

from collections.abc import Mapping

from monitor.model.target import Metric
from refilld.services.list_query import LINK, TEXT, FieldFormat, word_of

SOLD: Mapping[str, FieldFormat] = {
    "order_id": TEXT,
    "link": LINK,
    "metric": word_of(Metric),
    "service": TEXT,
    "provider": TEXT,
    "customer": TEXT,
}
