"""The fields of filters by what was sold, with the services and providers of the shop to choose from."""

from collections.abc import Sequence

from monitor.model.target import Metric
from refilld.web.list_fields import LONGEST_FILTER, FilterField
from storage import known_values
from storage.engine import Transaction

METRIC = FilterField("metric", "Metric", tuple((metric, metric) for metric in Metric))
NAMED = (
    FilterField("customer", "Customer"),
    FilterField("order_id", "Order"),
    FilterField("link", "Link or @username"),
)
PERIOD = (
    FilterField("since", "Since, such as 7d"),
    FilterField("before", "Before, such as 24h"),
)


def seller_filters(tx: Transaction) -> tuple[FilterField, ...]:
    """Service and provider; where there are too many to list, their names are typed."""
    return (
        FilterField("service", "Service", _choices(known_values.services(tx))),
        FilterField("provider", "Provider", _choices(known_values.providers(tx))),
    )


def _choices(known: Sequence[str]) -> tuple[tuple[str, str], ...]:
    short = [name for name in known if len(name) <= LONGEST_FILTER]
    return () if len(known) >= known_values.MOST else tuple((name, name) for name in short)
