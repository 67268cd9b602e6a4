"""Admission of a look to the series of its target, with the verdicts of its count."""

from dataclasses import dataclass, replace
from datetime import timedelta

from monitor.evaluation.target_state import TargetState
from monitor.guarantee.series import Series, admit, begins, other_account
from monitor.guarantee.source_switch import expected_count
from monitor.guarantee.start_counts import EarlierCount
from monitor.guarantee.verdicts import Verdict, evaluate_count
from monitor.model.order_state import OrderState
from monitor.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Look:
    """A snapshot with the state of its target and orders before the look."""

    state: TargetState
    orders: tuple[OrderState, ...]
    """All orders of the target, in order of completion."""
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class AdmittedLook:
    """A look after admission to the series of its target."""

    state: TargetState
    """The target before the look."""
    orders: tuple[OrderState, ...]
    taken: Snapshot
    """As the source returned it."""
    kept: Snapshot
    """As it is stored: a count that is not admitted to the series is stored as `schema`."""
    series: Series
    verdicts: tuple[Verdict, ...] = ()
    """One per order if the count may be judged; otherwise empty."""
    trust_zero: bool = False
    """Believe start counts of 0."""

    @property
    def judged(self) -> bool:
        """Whether at least one order was active at the count."""
        return any(verdict.judged for verdict in self.verdicts)

    @property
    def opened(self) -> bool:
        """Whether a drop opened at the count."""
        return any(verdict.opened for verdict in self.verdicts)

    @property
    def begins_series(self) -> bool:
        """Whether the count is the first one of another source; it is not judged."""
        return begins(self.state.series, self.series)

    @property
    def waits_for_switch(self) -> bool:
        """Whether the count is of another source whose series cannot begin yet."""
        refused = self.taken.count is not None and self.kept.count is None
        return refused and self.state.series.is_not_of(self.taken.source)

    @property
    def shows_other_account(self) -> bool:
        """Whether the look shows another account than that of the series."""
        return other_account(self.taken, self.state.series) is not None

    def under_mass_drop(self) -> "AdmittedLook":
        """Return the look with the verdicts under a mass drop."""
        return replace(self, verdicts=self._judge(mass_drop=True)) if self.verdicts else self

    def without_mass_drop(self) -> "AdmittedLook":
        """Return the look with its verdicts, none if its count may not be judged."""
        return self if self.begins_series else replace(self, verdicts=self._judge(mass_drop=False))

    def _judge(self, *, mass_drop: bool) -> tuple[Verdict, ...]:
        if self.kept.judged is None:
            return ()
        return evaluate_count(
            self.orders,
            self.kept.judged,
            self.kept.at,
            self._earlier,
            mass_drop=mass_drop,
            trust_zero=self.trust_zero,
        )

    @property
    def _earlier(self) -> EarlierCount | None:
        count, at = self.state.series.last_count, self.state.last_count_at
        if count is None or at is None:
            return None
        return EarlierCount(count, at, has_offset=self.state.series.count_offset != 0)


def admit_look(look: Look, *, trust_zero: bool = False) -> AdmittedLook:
    """Admit a look to the series of its target; its verdicts assume that no mass drop is on."""
    state, taken = look.state, in_order(look.snapshot, look.state)
    expected = None
    if state.series.is_not_of(taken.source):
        expected = expected_count(look.orders, state.series.last_count, state.last_count_at, taken.at)
    kept, series = admit(taken, state.series, expected)
    admitted = AdmittedLook(state, look.orders, taken, kept, series, trust_zero=trust_zero)
    return admitted.without_mass_drop()


def in_order(snapshot: Snapshot, state: TargetState) -> Snapshot:
    """Return the snapshot with a time after the last look, even if the clock was set back."""
    if state.last_look_at is None or snapshot.at > state.last_look_at:
        return snapshot
    return replace(snapshot, at=state.last_look_at + timedelta.resolution)
