"""The report of an import on terms derived from service names."""

from collections import Counter
from collections.abc import Iterator, Mapping

from monitor.model.number_words import counted
from monitor.model.order import Order
from monitor.model.service import Service
from monitor.model.terms import RefillMode, Terms, TermsOrigin
from monitor.model.terms_catalog import TermsCatalog
from refilld.terminal import printable
from refilld.terms_format import terms_fields

MOST_NAMES = 50
"""Names that are reported one by one, at most; every row of a file may have another name."""
_NO_SERVICE = Service()


class DerivedTerms:
    """Counts added orders with derived terms by service name, and names that promise what does not hold."""

    def __init__(self, services: Mapping[str, Service], catalog: TermsCatalog) -> None:
        self._services = services
        self._catalog = catalog
        self._unread: Counter[str] = Counter()
        self._orders: Counter[tuple[str, Terms]] = Counter()
        self._further = 0

    def add(self, order: Order) -> None:
        name = self._services.get(order.service, _NO_SERVICE).name or order.service
        if order.terms_from is TermsOrigin.DEFAULT and self._catalog.differs_from_name(order.terms, name):
            if name in self._unread or len(self._unread) < MOST_NAMES:
                self._unread[name] += 1
            return
        if order.terms_from is not TermsOrigin.NAME:
            return
        if (name, order.terms) in self._orders or len(self._orders) < MOST_NAMES:
            self._orders[name, order.terms] += 1
        else:
            self._further += 1

    def lines(self) -> Iterator[str]:
        """One line per name, those with the most orders first."""
        for (name, terms), number in self._orders.most_common():
            orders = counted(number, "order")
            yield f'terms from the name "{printable(name)}": {_in_words(terms)} ({orders})'
        if self._further:
            yield f"and {counted(self._further, 'order')} with terms from further names"
        for name, number in self._unread.most_common():
            yield (
                f'the name "{printable(name)}" may promise other terms than the default ones, which hold'
                f" ({counted(number, 'order')}): set terms under its [services] section, or"
                " derive_terms = true under [service_names]; then: refilld orders reterm --dry-run"
            )

    def facts(self) -> dict[str, object]:
        """The report as JSON fields."""
        derived = [
            {
                "name": name,
                "terms": terms.name,
                "window": terms_fields(terms)["window"],
                "refill": terms.refill,
            }
            | {"orders": number}
            for (name, terms), number in self._orders.most_common()
        ]
        unread = [{"name": name, "orders": number} for name, number in self._unread.most_common()]
        return {
            "terms_from_names": derived,
            "orders_of_further_names": self._further,
            "names_without_terms": unread,
        }


def _in_words(terms: Terms) -> str:
    if terms.refill is RefillMode.NEVER:
        return "refill never"
    return f"window {terms_fields(terms)['window']}, refill {terms.refill}"
