"""The one order that a searched text names exactly."""

from monitor.errors import BadInputError
from monitor.model.link import parse_link
from storage.search import Found, FoundBy, FoundOrder, FoundRefill


def exact_order(found: Found, text: str) -> str | None:
    """The id of the order that a text names by any of its names; None if it names none, or more than one."""
    name, url = text.strip(), _url(text.strip())
    if name in found.customers:
        return None
    hits = {one.order_id for one in found.orders if _is_order(one, name, url)}
    hits |= {one.order_id for one in found.refills if _is_refill(one, name)}
    return hits.pop() if len(hits) == 1 else None


def _is_order(one: FoundOrder, name: str, url: str | None) -> bool:
    return one.order_id == name if one.found_by is FoundBy.ORDER_ID else one.link == url


def _is_refill(one: FoundRefill, name: str) -> bool:
    return one.found_by is FoundBy.REFILL_ID or one.external_id == name


def _url(name: str) -> str | None:
    try:
        return parse_link(name).link.url
    except BadInputError:
        return None
