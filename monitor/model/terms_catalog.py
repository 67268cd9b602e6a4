"""The book of terms: every configured set by its name, and which of them a service is sold under."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from monitor.model.order import Order
from monitor.model.service import Service
from monitor.model.service_name import derive
from monitor.model.terms import Terms, TermsOrigin

USUAL_LIFETIME = timedelta(days=365)
"""What the trade means by a lifetime."""


class TermsCatalog(Mapping[str, Terms]):
    """The sets of terms by name; `default` is always among them."""

    def __init__(
        self,
        named: Mapping[str, Terms],
        *,
        derives: bool = False,
        lifetime: timedelta | None = USUAL_LIFETIME,
    ) -> None:
        """Whether terms are derived from the names of services, and how long a lifetime lasts there."""
        self._named = {"default": Terms()} | dict(named)
        self._derives = derives
        self._lifetime = lifetime

    def of_service(self, service: Service, called: str) -> tuple[Terms, TermsOrigin]:
        """The terms of an order that names none itself, and where they are from; `called` is its service."""
        if service.terms is not None:
            return self[service.terms], TermsOrigin.SERVICE
        if self._derives:
            derived = derive(service.name or called, self["default"], self._lifetime)
            if derived is not None:
                return derived, TermsOrigin.NAME
        return self["default"], TermsOrigin.DEFAULT

    def of_order(self, order: Order, service: Service) -> tuple[Terms, TermsOrigin] | None:
        """What a known order would be sold under today; None when its row named terms that are no more."""
        if order.terms_from is not TermsOrigin.ROW:
            return self.of_service(service, order.service)
        today = self.get(order.terms.name)
        return None if today is None else (today, TermsOrigin.ROW)

    def __getitem__(self, name: str) -> Terms:
        return self._named[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._named)

    def __len__(self) -> int:
        return len(self._named)
