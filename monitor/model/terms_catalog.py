"""The configured sets of terms by name, and the terms that a service is sold under."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from monitor.model.order import Order
from monitor.model.service import Service
from monitor.model.service_name import derive, speaks_of_refill
from monitor.model.terms import Terms, TermsOrigin

USUAL_LIFETIME = timedelta(days=365)
"""What the trade usually means by a lifetime guarantee."""


class TermsCatalog(Mapping[str, Terms]):
    """The sets of terms by name, always including `default`."""

    def __init__(
        self,
        named: Mapping[str, Terms],
        *,
        derives: bool = False,
        lifetime: timedelta | None = USUAL_LIFETIME,
    ) -> None:
        """`derives`: derive terms from names of services, where a lifetime lasts for `lifetime`."""
        self._named = {"default": Terms()} | dict(named)
        self._derives = derives
        self._lifetime = lifetime

    def of_service(self, service: Service, service_id: str) -> tuple[Terms, TermsOrigin]:
        """The terms of an order that names none, and their origin; `service_id` is its service."""
        if service.terms is not None:
            return self[service.terms], TermsOrigin.SERVICE
        if self._derives:
            derived = derive(service.name or service_id, self["default"], self._lifetime)
            if derived is not None:
                return derived, TermsOrigin.NAME
        return self["default"], TermsOrigin.DEFAULT

    def unread_promise(self, service: Service, service_id: str) -> bool:
        """Whether a name that terms are derived from mentions a guarantee that cannot be read."""
        if service.terms is not None or not self._derives:
            return False
        name = service.name or service_id
        return speaks_of_refill(name) and derive(name, self["default"], self._lifetime) is None

    def differs_from_name(self, terms: Terms, name: str) -> bool:
        """Whether the name of a service promises other terms than these, or something that cannot be read."""
        promised = derive(name, terms, self._lifetime)
        if promised is None:
            return speaks_of_refill(name)
        return (promised.window, promised.refill) != (terms.window, terms.refill)

    def of_order(self, order: Order, service: Service) -> tuple[Terms, TermsOrigin] | None:
        """The terms that an existing order would get today; None if the terms named by its row are gone."""
        if order.terms_from is not TermsOrigin.ROW:
            return self.of_service(service, order.service)
        current = self.get(order.terms.name)
        return None if current is None else (current, TermsOrigin.ROW)

    def __getitem__(self, name: str) -> Terms:
        return self._named[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._named)

    def __len__(self) -> int:
        return len(self._named)
