"""Query strings of the list of orders."""

from monitor.model.drop import DropState
from monitor.model.order import Flag, OrderStatus
from refilld.services.list_query import PERIOD, QueryFormat, one_of, word_of
from refilld.services.sold_fields import SOLD
from storage.order_list import OrderFilter

ORDERS = QueryFormat(
    OrderFilter,
    {
        "status": word_of(OrderStatus),
        "drop_state": one_of((state for state in DropState if state.open), DropState),
        "flag": word_of(Flag),
        **SOLD,
        **PERIOD,
    },
    numbered=False,
)
