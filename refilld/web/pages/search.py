"""*Search*: one box for everything that names an order; a text that names one exactly opens it."""

from flask import request, url_for

from monitor.model.refill import RefillState
from refilld.services.exact_hit import exact_order
from refilld.translations.guarantee_labels import GUARANTEE_LABELS
from refilld.translations.source_text import labelled
from refilld.web.list_fields import LONGEST_FILTER, ListColumn
from refilld.web.page import Answer, DeskPage, PageContext
from storage.search import FoundBy, search

PATH = "/search"
_FOUND_BY = {
    FoundBy.ORDER_ID: labelled("found by", "order"),
    FoundBy.LINK: labelled("found by", "link"),
    FoundBy.USERNAME: labelled("found by", "username"),
    FoundBy.REFILL_ID: labelled("found by", "refill"),
    FoundBy.EXTERNAL_ID: labelled("found by", "external id"),
}
_ORDERS = (
    ListColumn("order_id", "Order"),
    ListColumn("link", "Target"),
    ListColumn("service", "Service"),
    ListColumn("customer", "Customer"),
    ListColumn("status", "Status"),
    ListColumn("found_by", "Found by"),
)
_REFILLS = (
    ListColumn("order_id", "Order"),
    ListColumn("refill_id", "Refill"),
    ListColumn("external_id", "External id"),
    ListColumn("state", "State"),
    ListColumn("found_by", "Found by"),
)
_CUSTOMERS = (ListColumn("customer", "Customer"),)


def show(context: PageContext) -> Answer:
    """The hits by kind, or the order itself."""
    text = request.args.get("q", "").strip()[:LONGEST_FILTER]
    with context.database.read() as tx:
        found = search(tx, text)
    order_id = exact_order(found, text)
    if order_id is not None:
        return context.see(url_for("order", order_id=order_id))
    return context.render(
        "search.html",
        text=text,
        found=found,
        order_columns=_ORDERS,
        refill_columns=_REFILLS,
        customer_columns=_CUSTOMERS,
        states=GUARANTEE_LABELS[RefillState],
        found_by=_FOUND_BY,
    )


PAGE = DeskPage("search", PATH, "Search", show)
