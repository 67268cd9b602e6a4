"""Running a backtest: orders in, events through, decisions and a summary out."""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from io import BufferedReader
from pathlib import Path

from monitor.errors import BadInputError
from monitor.model.refill import RefillState
from refilld.backtest.comparison import compared
from refilld.backtest.decision_log import DecisionLog, Write
from refilld.backtest.events import Event, RecordedSnapshot, Row, read_event, read_row
from refilld.backtest.lines import event_lines
from refilld.backtest.orders import read_orders
from refilld.backtest.replay_state import ReplayState
from refilld.backtest.summary import Summary
from refilld.orders_file import Refused
from refilld.orders_file.cells import shown
from refilld.settings import Settings
from refilld.terminal import printable
from refilld.time_format import rfc3339

_SELDOM = 100_000
Complain = Callable[[str], object]


def backtest(
    orders: Path, events: Path, settings: Settings, write: Write, complain: Complain, now: datetime
) -> Summary:
    """Replay events over orders under the real rules; `write` gets each decision, a line of JSON, in order.

    `complain` is told of every refused row and event, by file, line and field. Raises BadInputError about
    a file as a whole, and OSError.
    """
    replay = Replay([settings], write, complain)
    replay.run(orders, events, now)
    return replay.summary()


class Replay:
    """One pass over a history, under one or more settings; the first are those that are written out."""

    def __init__(self, under: Sequence[Settings], write: Write, complain: Complain) -> None:
        self._under = under
        self._decision_logs = [DecisionLog(None if number else write) for number in range(len(under))]
        self._states = [
            ReplayState(s.mass_drop.rule, led) for s, led in zip(under, self._decision_logs, strict=True)
        ]
        self._complain = complain
        self._orders_refused = 0
        self._events_refused = 0
        self._snapshots = 0

    def run(self, orders: Path, events: Path, now: datetime) -> None:
        """Replay the whole history; raises BadInputError about a file as a whole, and OSError."""
        with _seldom_collected():
            self._load(orders, now)
            with events.open("rb") as file:
                self._replay(file, printable(events.name))

    def summary(self) -> Summary:
        """What it came to under the first settings."""
        state, decision_log = self._states[0], self._decision_logs[0]
        held = [w.held_units for w in state if any(r.state is RefillState.HELD for r in w.refills)]
        return Summary(
            orders=len(state),
            snapshots=self._snapshots,
            drops=state.drops,
            refills=decision_log.refills,
            units_owed=decision_log.units,
            units_refused={str(reason): units for reason, units in sorted(decision_log.refused.items())},
            held=len(held),
            units_held=sum(held),
            completions_without_effect=state.idle_completions,
            orders_refused=self._orders_refused,
            events_refused=self._events_refused,
        )

    def comparison(self) -> list[dict[str, object]]:
        """What it would have cost under the second settings."""
        return compared(self._decision_logs[0].cost, self._decision_logs[1].cost)

    def _load(self, path: Path, now: datetime) -> None:
        def refuse(row: Refused) -> None:
            self._orders_refused += 1
            self._complain(row.described(printable(path.name)))

        for versions in read_orders(path, self._under, self._states[0], refuse, now):
            for state, order in zip(self._states, versions, strict=True):
                state.add(order)

    def _replay(self, file: BufferedReader, name: str) -> None:
        step = self._step
        for number, line in enumerate(event_lines(file), start=1):
            try:
                step(read_row(line))
            except BadInputError as error:
                if line.isspace():
                    continue
                self._events_refused += 1
                self._complain(f"{name}:{number}: {error}")

    def _step(self, row: Row) -> None:
        """Let an event happen in every world; raises BadInputError, and then it has happened in none."""
        first, *others = self._states
        waiting: tuple[ReplayState, ...] = () if first.passes(row) else (first,)
        if others:
            waiting += tuple(state for state in others if not state.passes(row))
        if waiting:
            self._let_happen(row, waiting)
        else:
            self._snapshots += 1

    def _let_happen(self, row: Row, waiting: Sequence[ReplayState]) -> None:
        event = self._in_order(read_event(row))
        known = len(waiting) < len(self._states)
        for state in waiting:
            known |= state.take(event)
        if not known:
            raise _unknown(event)
        for state in self._states:
            state.now = event.at
        self._snapshots += isinstance(event, RecordedSnapshot)

    def _in_order(self, event: Event) -> Event:
        now = self._states[0].now
        if event.at < now:
            raise BadInputError("at", f"is before {rfc3339(now)}, the time of an event above it")
        return event


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """Search for cycles of garbage seldom: each search walks through all orders, and they make none."""
    usual = gc.get_threshold()
    gc.set_threshold(_SELDOM, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _unknown(event: Event) -> BadInputError:
    if isinstance(event, RecordedSnapshot):
        return BadInputError("link", f"no order is about the {event.metric} of {shown(event.link)}")
    return BadInputError("order_id", f"there is no order {shown(event.order_id)}")
