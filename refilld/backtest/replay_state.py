"""A world: orders under one set of terms, and what recorded events make of them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from sys import intern

from monitor.guarantee.mass_drop import MassDropRule
from monitor.guarantee.noop_bounds import calm
from monitor.guarantee.verdicts import Verdict, judge
from monitor.model.link import parse_link
from monitor.model.order import Order
from monitor.model.order_state import Watched
from monitor.model.target import Metric
from refilld.backtest.apply_verdict import Aftermath
from refilld.backtest.decision_log import Ledger
from refilld.backtest.events import (
    Event,
    Look,
    OrderEvent,
    OrderFlagged,
    OrderUnflagged,
    RefillCompleted,
    RefillRequested,
    Row,
)
from refilld.backtest.mass_drop_window import Falls
from refilld.backtest.replay_target import Place
from refilld.backtest.timestamps import EARLIEST, plain_moment
from refilld.orders_file.cells import MOST_COUNT

_SPELLINGS = 16_384


class World:
    """Orders, their targets and their state, and nothing of the looks that have passed."""

    def __init__(self, rule: MassDropRule, ledger: Ledger) -> None:
        self._places: dict[str, dict[str, Place]] = {metric: {} for metric in Metric}
        self._place_of: dict[str, Place] = {}
        self._falls = {metric: Falls(rule) for metric in Metric}
        self._aftermath = Aftermath(rule.hold, ledger)
        self.now = EARLIEST
        """Time of the newest event that happened."""
        self.drops = 0
        """Drops that have opened."""
        self.idle_completions = 0
        """Completions of orders that had no open refill: under these terms they were owed none."""

    def __contains__(self, order_id: object) -> bool:
        return order_id in self._place_of

    def __len__(self) -> int:
        return len(self._place_of)

    def __iter__(self) -> Iterator[Watched]:
        """All orders as they are now."""
        return (w for places in self._places.values() for place in places.values() for w in place.watched)

    def add(self, order: Order) -> None:
        """Take in one order, before the first event."""
        places = self._places[order.target.metric]
        url = intern(order.target.link.url)
        place = places.get(url)
        if place is None:
            place = places[url] = Place()
        place.add(order)
        self._place_of[order.order_id] = place

    def passes(self, row: Row) -> bool:
        """Let a snapshot pass that plainly changes nothing: most of them do not, in most histories.

        Whatever is in any doubt, right or wrong, does not pass, and nothing has happened then.
        """
        try:
            place = self._places[row["metric"]][row["link"]]
            count = row.get("count")
            if (
                type(count) is not int
                or not place.least <= count <= MOST_COUNT
                or row["event"] != "snapshot"
                or row["outcome"] != "count"
                or row.get("counted", "") != place.series.counted
            ):
                return False
            at = plain_moment(row["at"])
        except (KeyError, TypeError, ValueError):
            return False
        if at is None or not self.now <= at < place.until:
            return False
        self.now = at
        if place.judged_from <= at < place.judged_until:
            self._falls[row["metric"]].note(place, at)
        return True

    def take(self, event: Event) -> bool:
        """Let an event happen; False when no order here is concerned. Raises BadInputError for a bad link."""
        return self._look(event) if isinstance(event, Look) else self._happen(event)

    def _look(self, look: Look) -> bool:
        places = self._places[look.metric]
        place = places.get(look.link) or places.get(_canonical(look.link))
        if place is None:
            return False
        if look.count is not None:  # a failed look is never a drop
            self._count(place, look)
        return True

    def _count(self, place: Place, look: Look) -> None:
        """Let follow what follows from a count, if it joins the target's series."""
        count = place.admitted(look)
        if count is None:
            place.wake()
            return
        quiet = calm(place.watched, look.at, count)
        if quiet is None:
            self._write(place, self._judge(place, count, look))
            quiet = calm(place.watched, look.at, count)
        elif quiet.judges(look.at):
            self._falls[look.metric].note(place, look.at)
        place.rest(quiet)

    def _judge(self, place: Place, count: int, look: Look) -> tuple[Verdict, ...]:
        """Judge a count; anew when it turns out that a mass drop is on."""
        verdicts = judge(place.watched, count, look.at)
        if not any(v.judged for v in verdicts):
            return verdicts
        opened = any(v.opened for v in verdicts)
        if self._falls[look.metric].note(place, look.at, opened=opened):
            return judge(place.watched, count, look.at, mass_drop=True)
        return verdicts

    def _write(self, place: Place, verdicts: tuple[Verdict, ...]) -> None:
        pairs = list(zip(place.watched, verdicts, strict=True))
        self.drops += sum(before.drop is None and verdict.drop is not None for before, verdict in pairs)
        place.watched = tuple(self._aftermath.of_verdict(before, verdict) for before, verdict in pairs)

    def _happen(self, event: OrderEvent) -> bool:
        """Let something other than a look happen to an order; its next count is judged."""
        place = self._place_of.get(event.order_id)
        if place is None:
            return False
        place.watched = tuple(
            self._after(w, event) if w.order.order_id == event.order_id else w for w in place.watched
        )
        place.wake()
        return True

    def _after(self, before: Watched, event: OrderEvent) -> Watched:
        match event:
            case RefillCompleted():
                return self._completed(before, event.at)
            case OrderFlagged(flag=flag):
                return before if flag in before.flags else self._aftermath.of_flag(before, flag)
            case OrderUnflagged(flag=flag):
                return replace(before, flags=before.flags - {flag})
            case RefillRequested():
                return replace(before, asked=before.covered(event.at))

    def _completed(self, before: Watched, at: datetime) -> Watched:
        if not any(refill.state.open for refill in before.refills):
            self.idle_completions += 1
            return before
        return self._aftermath.of_completion(before, at)


@lru_cache(_SPELLINGS)
def _canonical(link: str) -> str:
    return parse_link(link).link.url
