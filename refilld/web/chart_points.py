"""The table of the key points of an order's chart."""

from refilld.web.list_fields import ListColumn

POINT_COLUMNS = (
    ListColumn("at", "At"),
    ListColumn("what", "What"),
    ListColumn("count", "Count", numeric=True),
    ListColumn("units", "Units", numeric=True),
)
