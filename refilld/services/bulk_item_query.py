"""Query strings of the rows of a bulk action."""

from dataclasses import dataclass

from monitor.model.bulk_action import ItemResult
from refilld.services.list_query import QueryFormat, word_of


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkItemFilter:
    """Which rows are meant; None is all."""

    result: ItemResult | None = None


BULK_ITEMS = QueryFormat(BulkItemFilter, {"result": word_of(ItemResult)})
