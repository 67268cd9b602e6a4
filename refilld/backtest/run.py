"""Run a backtest: read orders, replay events, write decisions and a summary."""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from io import BufferedReader
from pathlib import Path

from monitor.errors import BadInputError
from monitor.model.instants import rfc3339
from monitor.model.refill import RefillState
from refilld.backtest.comparison import compare
from refilld.backtest.decision_log import DecisionLog, Write
from refilld.backtest.events import EventFields, RecordedEvent, RecordedSnapshot, read_event, read_fields
from refilld.backtest.lines import event_lines
from refilld.backtest.orders import read_orders
from refilld.backtest.replay_state import ReplayState
from refilld.backtest.summary import Summary
from refilld.orders_file import Notes, Refused
from refilld.orders_file.cells import shown
from refilld.settings.settings import Settings
from refilld.terminal import printable

_GC_THRESHOLD = 100_000
Complain = Callable[[str], object]


def backtest(
    orders: Path, events: Path, settings: Settings, write: Write, complain: Complain, now: datetime
) -> Summary:
    """Replay events over orders; `write` gets each decision as a line of JSON, in order.

    `complain` is called for every refused row and event, with file, line and field. Raises BadInputError
    about a file as a whole, and OSError.
    """
    replay = Replay([settings], write, complain)
    replay.run(orders, events, now)
    return replay.summary()


class Replay:
    """One pass over a history under one or more settings; decisions are written for the first settings."""

    def __init__(self, settings: Sequence[Settings], write: Write, complain: Complain) -> None:
        self._settings = settings
        self._decision_logs = [DecisionLog(None if number else write) for number in range(len(settings))]
        self._states = [
            ReplayState(s.mass_drop.rule, decision_log, trust_zero=s.orders.trust_zero, caps=s.limits.caps)
            for s, decision_log in zip(settings, self._decision_logs, strict=True)
        ]
        self._complain = complain
        self._orders_refused = 0
        self._events_refused = 0
        self._snapshots = 0

    def run(self, orders: Path, events: Path, now: datetime) -> None:
        """Replay the whole history; raises BadInputError about a file as a whole, and OSError."""
        with _fewer_collections():
            self._load(orders, now)
            with events.open("rb") as file:
                self._replay(file, printable(events.name))

    def summary(self) -> Summary:
        """Return the summary under the first settings."""
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
        """Return the cost under the first and the second settings."""
        return compare(self._decision_logs[0].cost, self._decision_logs[1].cost)

    def _load(self, path: Path, now: datetime) -> None:
        def refuse(row: Refused) -> None:
            self._orders_refused += 1
            self._complain(row.described(printable(path.name)))

        notes = [Notes() for _ in self._settings]
        for versions in read_orders(path, self._settings, self._states[0], notes, refuse, now):
            for state, order in zip(self._states, versions, strict=True):
                state.add(order)
        for line in dict.fromkeys(line for noted in notes for line in noted.lines()):
            self._complain(f"{printable(path.name)}: {line}")

    def _replay(self, file: BufferedReader, name: str) -> None:
        apply_line = self._apply_line
        for number, line in enumerate(event_lines(file), start=1):
            try:
                apply_line(read_fields(line))
            except BadInputError as error:
                if line.isspace():
                    continue
                self._events_refused += 1
                self._complain(f"{name}:{number}: {error}")

    def _apply_line(self, fields: EventFields) -> None:
        """Apply one event to every state; a BadInputError is raised before any state has changed."""
        first, *others = self._states
        affected: tuple[ReplayState, ...] = () if first.skips(fields) else (first,)
        if others:
            affected += tuple(state for state in others if not state.skips(fields))
        if affected:
            self._apply(fields, affected)
        else:
            self._snapshots += 1

    def _apply(self, fields: EventFields, affected: Sequence[ReplayState]) -> None:
        event = self._in_order(read_event(fields))
        applied = len(affected) < len(self._states)
        for state in affected:
            applied |= state.apply(event)
        if not applied:
            raise _unknown(event)
        for state in self._states:
            state.now = event.at
        self._snapshots += isinstance(event, RecordedSnapshot)

    def _in_order(self, event: RecordedEvent) -> RecordedEvent:
        now = self._states[0].now
        if event.at < now:
            raise BadInputError("at", f"is before {rfc3339(now)}, the time of an event above it")
        return event


@contextmanager
def _fewer_collections() -> Iterator[None]:
    """Run the cyclic garbage collector less often: it scans all orders, which form no cycles."""
    usual = gc.get_threshold()
    gc.set_threshold(_GC_THRESHOLD, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _unknown(event: RecordedEvent) -> BadInputError:
    if isinstance(event, RecordedSnapshot):
        return BadInputError("link", f"no order is about the {event.metric} of {shown(event.link)}")
    return BadInputError("order_id", f"there is no order {shown(event.order_id)}")
