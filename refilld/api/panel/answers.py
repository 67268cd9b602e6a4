"""The answers of panels: their fields, types and nesting."""

import json
from collections.abc import Mapping, Sequence

from flask import Response

from monitor.model.order import Order
from monitor.model.refill import RefillState
from monitor.model.service import Service, Services
from monitor.model.target import Metric
from monitor.model.terms import RefillMode
from monitor.model.terms_catalog import TermsCatalog
from refilld.api.panel.form import Named
from refilld.api.panel.words import NOT_GRANTED, STATUSES, PanelFault
from refilld.services.input_limits import LARGEST_NUMBER
from refilld.services.panel_refills import NotGranted

_DIGITS = len(str(LARGEST_NUMBER))
_CATEGORIES = {metric: f"Instagram {metric.capitalize()}" for metric in Metric}


def answered(value: object) -> Response:
    """An answer; its JSON is written as PHP writes it, and its status is always 200."""
    shown = _error(value) if isinstance(value, PanelFault) else value
    return Response(json.dumps(shown, separators=(",", ":")), mimetype="application/json")


def refills_asked(named: Named, asked: Mapping[str, int | NotGranted]) -> object:
    """The ids of refills: text for one order, numbers for several."""
    shown = {
        one: NOT_GRANTED[found] if isinstance(found, NotGranted) else found for one, found in asked.items()
    }
    if not named.several:
        found = shown[named.only]
        return found if isinstance(found, PanelFault) else {"refill": str(found)}
    return [{"order": _number(one), "refill": _nested(shown[one])} for one in named.ids]


def refill_statuses(named: Named, found: Mapping[str, RefillState | None]) -> object:
    """The status of each refill that was found."""
    words = [STATUSES[found[one]] if one in found else PanelFault.REFILL_NOT_FOUND for one in named.ids]
    if not named.several:
        return words[0] if isinstance(words[0], PanelFault) else {"status": words[0]}
    rows = zip(named.ids, words, strict=True)
    return [{"refill": _number(one), "status": _nested(word)} for one, word in rows]


def order_statuses(named: Named, found: Mapping[str, Order]) -> object:
    """The status of one order, or of several by their ids."""
    shown = {
        one: _order(found[one]) if one in found else _error(PanelFault.INCORRECT_ORDER) for one in named.ids
    }
    return shown if named.several else shown[named.only]


def services(catalog: TermsCatalog, configured: Mapping[str, Service], sold: Sequence[str]) -> object:
    """The configured services, and those of orders; nothing can be ordered here, so there are no prices."""
    known = Services(configured)
    others = {name: Service() for name in sold if known.spelled(name) is None}
    offered = {name: one for name, one in configured.items() if not one.ignored} | others
    return [_service(catalog, name, one) for name, one in offered.items()]


def _service(catalog: TermsCatalog, service_id: str, service: Service) -> dict[str, object]:
    terms, _ = catalog.of_service(service, service_id)
    return {
        "service": _number(service_id),
        "name": service.name or service_id,
        "type": "Default",
        "category": "Instagram" if service.metric is None else _CATEGORIES[service.metric],
        "rate": "0",
        "min": "0",
        "max": "0",
        "refill": terms.refill is not RefillMode.NEVER,
        "cancel": False,
    }


def _order(order: Order) -> dict[str, str]:
    """All values are text; what is not known is 0, or empty."""
    return {
        "charge": "0" if order.price is None else f"{order.price:f}",
        "start_count": str(order.start_count or 0),
        "status": str(order.status),
        "remains": str(order.remains),
        "currency": order.currency or "",
    }


def _nested(value: object) -> object:
    """A value in a row, where an error does not fail the others."""
    return _error(value) if isinstance(value, PanelFault) else value


def _error(fault: PanelFault) -> dict[str, str]:
    return {"error": str(fault)}


def _number(text: str) -> int | str:
    """An id as a number, if it is one; the ids of orders and services are texts."""
    plain = text.isascii() and text.isdigit() and len(text) < _DIGITS
    return int(text) if plain and str(int(text)) == text else text
