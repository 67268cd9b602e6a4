"""New terms for sold orders: the terms that an import would give them today, on request only."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from monitor.model.order import Order
from monitor.model.service import Service, Services
from monitor.model.terms_catalog import TermsCatalog
from storage import order_terms, orders
from storage.chunks import chunks
from storage.engine import Database
from storage.order_terms import Retermed

BATCH = 500
"""Orders in one transaction. An interrupted run has changed whole batches, and can be repeated."""
_NO_SERVICE = Service()


class RetermResult(StrEnum):
    """What became of an order."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    LEFT = "left"
    """The terms that its row named do not exist any more: it keeps those it was sold under."""

    @classmethod
    def of(cls, it: Retermed) -> "RetermResult":
        if it.after is None:
            return cls.LEFT
        return cls.CHANGED if it.changed else cls.UNCHANGED


@dataclass(frozen=True, slots=True)
class Reterm:
    """Compares sold orders with the terms of today's configuration, and changes them on request."""

    database: Database
    catalog: TermsCatalog
    services: Mapping[str, Service]
    clock: Callable[[], datetime]
    accepts: Callable[[Retermed], bool] = lambda _: True
    """Whether a change may be made; one that was not shown, for example, may not."""

    def run(self, order_ids: Sequence[str], *, apply: bool) -> Iterator[Retermed]:
        """Yield every named order (all orders, if none is named) before and after, in batches.

        Only `apply` changes anything. Raises NotFoundError before the first change.
        """
        today = self._today()
        for page in self._pages(list(dict.fromkeys(order_ids))):
            compared = [Retermed(order, today(order)) for order in page]
            yield from self._applied(compared, today) if apply else compared

    def _today(self) -> Callable[[Order], Order | None]:
        """A function that gives an order as it would be imported now; None where its terms are gone."""
        known = Services(self.services)

        def today(order: Order) -> Order | None:
            found = self.catalog.of_order(order, known.get(order.service, _NO_SERVICE))
            if found is None:
                return None
            after = replace(order, terms=found[0], terms_from=found[1])
            return after if self.accepts(Retermed(order, after)) else order

        return today

    def _pages(self, order_ids: Sequence[str]) -> Iterator[list[Order]]:
        if not order_ids:
            yield from self._all_pages()
            return
        with self.database.read() as tx:
            for order_id in order_ids:
                orders.get(tx, order_id)
        for some in chunks(order_ids, BATCH):
            with self.database.read() as tx:
                named = order_terms.some(tx, some)
            yield named

    def _all_pages(self) -> Iterator[list[Order]]:
        after = ""
        while page := self._page(after):
            yield page
            after = page[-1].order_id

    def _page(self, after: str) -> list[Order]:
        with self.database.read() as tx:
            return order_terms.page(tx, after, BATCH)

    def _applied(
        self, compared: Sequence[Retermed], today: Callable[[Order], Order | None]
    ) -> list[Retermed]:
        """Change what differs; an order that was changed since the comparison is compared again."""
        results = {it.before.order_id: it for it in compared}
        changing = [order_id for order_id, it in results.items() if it.changed]
        if changing:
            with self.database.write() as tx:
                done = order_terms.reterm(tx, changing, today, self.clock())
            results |= {it.before.order_id: it for it in done}
        return list(results.values())
