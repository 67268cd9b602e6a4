"""Admission: the count of a look joins the series of its target, and each order gets its verdict."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from monitor.evaluation.target_state import TargetState
from monitor.guarantee.series import Series, admit, begins
from monitor.guarantee.source_switch import expected_count
from monitor.guarantee.verdicts import Verdict, evaluate_count
from monitor.model.order_state import OrderState
from monitor.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Look:
    """A snapshot, and what was known of its target and of the orders on it when it was taken."""

    state: TargetState
    orders: tuple[OrderState, ...]
    """All orders of the target, in order of completion."""
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class AdmittedLook:
    """A look after admission to the series of its target."""

    state: TargetState
    """As it was before the look."""
    orders: tuple[OrderState, ...]
    taken: Snapshot
    kept: Snapshot
    """As it is stored: a count that does not fit the series is stored as `schema`."""
    series: Series
    verdicts: tuple[Verdict, ...] = ()
    """One per order where the count may be judged; else none."""

    @property
    def judged(self) -> bool:
        """Whether the count judged an order."""
        return any(verdict.judged for verdict in self.verdicts)

    @property
    def opened(self) -> bool:
        """Whether a drop opened at the count."""
        return any(verdict.opened for verdict in self.verdicts)

    @property
    def begins_series(self) -> bool:
        """Whether the count is the first one of another source: nothing may follow from it."""
        return begins(self.state.series, self.series)

    @property
    def waits_for_switch(self) -> bool:
        """Whether another source has counted, whose series cannot begin yet."""
        refused = self.taken.count is not None and self.kept.count is None
        return refused and self.state.series.is_not_of(self.taken.source)

    def under_mass_drop(self) -> "AdmittedLook":
        """The look with the verdicts that hold while a mass drop is on."""
        if not self.verdicts or self.kept.judged is None:
            return self
        held = evaluate_count(self.orders, self.kept.judged, self.kept.at, mass_drop=True)
        return replace(self, verdicts=held)


def admit_look(look: Look) -> AdmittedLook:
    """Admit a look to the series of its target, and evaluate its count as if no mass drop were on."""
    state, taken = look.state, _after_last(look.snapshot, look.state)
    expected = None
    if state.series.is_not_of(taken.source):
        expected = expected_count(look.orders, state.series.last_count, state.last_count_at, taken.at)
    kept, series = admit(taken, state.series, expected)
    verdicts: Sequence[Verdict] = ()
    if kept.judged is not None and not begins(state.series, series):
        verdicts = evaluate_count(look.orders, kept.judged, kept.at)
    return AdmittedLook(state, look.orders, taken, kept, series, tuple(verdicts))


def _after_last(snapshot: Snapshot, state: TargetState) -> Snapshot:
    """Keep looks in order of time although the clock was set back."""
    if state.last_look_at is None or snapshot.at > state.last_look_at:
        return snapshot
    return replace(snapshot, at=state.last_look_at + timedelta.resolution)
