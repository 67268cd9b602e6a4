"""The values of a report; `refilld.report.load` makes them, and the renderers print them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from monitor.guarantee.daily_caps import Amounts
from monitor.model.decision import Reason
from monitor.model.sums import Sum
from monitor.model.target import Metric
from storage.guarantees import EndingDay
from storage.mass_drops import MassDropRow
from storage.queue_pauses import QueuePause
from storage.report import DropSums, WaitingRequest
from storage.target_health import LookSums, TargetHealth


@dataclass(frozen=True, slots=True)
class DropGroup:
    """Drops of the period of one provider, service or metric."""

    name: str | None
    opened: int
    confirmed: int
    recovered: int
    missing: int
    """Units that were missing at the newest judged counts of the confirmed drops."""
    guaranteed: int | None = None
    """Delivered units of a provider whose guarantee runs; None for other groups."""

    @property
    def percent(self) -> Decimal | None:
        """The missing units in percent of the guaranteed ones; None if these are not known."""
        if not self.guaranteed:
            return None
        return (Decimal(100 * self.missing) / self.guaranteed).quantize(Decimal("0.1"), ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class DropFigures:
    """Drops that were opened, confirmed or have recovered in the period."""

    rows: tuple[DropSums, ...]
    """By metric, service and provider, those with the most missing units first."""
    total: DropGroup
    by_provider: tuple[DropGroup, ...]
    by_service: tuple[DropGroup, ...]
    by_metric: tuple[DropGroup, ...]


@dataclass(frozen=True, slots=True)
class HeldGroup:
    """Refills of one metric that are held for one reason."""

    reason: Reason
    metric: Metric
    held: Sum
    oldest: datetime
    release_at: datetime | None
    """When the first of them is decided again; None if only an operator releases them."""


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """Refills by state."""

    queued: Sum
    claimed: Sum
    held: Sum
    recovered: Sum
    """Of the held ones, what is not missing any more at the newest counts."""
    owed: Sum
    """All of these, without what has recovered."""
    completed: Sum
    """In the period."""
    dead: Sum
    oldest_queued: datetime | None
    held_groups: tuple[HeldGroup, ...]


@dataclass(frozen=True, slots=True)
class LimitFigures:
    """One daily cap, and what is used of it today (UTC)."""

    scope: str
    cap: Amounts
    used: Amounts
    held: int
    """Refills that are held for it."""


@dataclass(frozen=True, slots=True)
class ReviewFigures:
    """Open refund reviews; the amounts are the shares of the price."""

    open: Sum
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class WaitingFigures:
    """Orders whose customers wait for an answer."""

    number: int
    longest: tuple[WaitingRequest, ...]
    """Those that wait longest."""


@dataclass(frozen=True, slots=True)
class SourceFigures:
    """One enabled source: whether it may look, and its requests against the limits."""

    name: str
    state: str
    """`ready`, `proving`, `waiting`, `paused` or `stopped`."""
    until: datetime | None
    """When it may look again; None if it may now, or only after `refilld sources resume`."""
    reason: str
    requests_last_hour: int
    requests_per_hour: int
    requests_last_day: int
    requests_per_day: int | None
    detail: str = ""
    """The source's message at the refusal that has paused it."""

    @property
    def why(self) -> str:
        """The reason with the source's message."""
        return f"{self.reason}: {self.detail}" if self.detail else self.reason


@dataclass(frozen=True, slots=True)
class MonitorFigures:
    """Whether counts are read."""

    targets: TargetHealth
    looks: LookSums
    """In the period."""
    sources: tuple[SourceFigures, ...]


@dataclass(frozen=True, slots=True)
class ReportAction:
    """Something that an operator should do, and the command for it."""

    why: str
    command: str


@dataclass(frozen=True, slots=True)
class Report:
    """How the shop and the monitor stand at one moment."""

    now: datetime
    period: timedelta
    empty: bool
    """No order was imported yet."""
    mass_drops: tuple[MassDropRow, ...]
    """Those that are on."""
    drops: DropFigures
    queue: QueueFigures
    reviews: ReviewFigures
    waiting: WaitingFigures
    ending: tuple[EndingDay, ...]
    """Guarantees that end on the next days, without days on which none does."""
    monitor: MonitorFigures
    limits: tuple[LimitFigures, ...] = ()
    shadow: Sum | None = None
    """What shadow mode holds; None in live mode."""
    pauses: tuple[QueuePause, ...] = ()
    """The parts of the queue whose refills are not handed out."""
    actions: Sequence[ReportAction] = ()
    """What to do first."""

    @property
    def since(self) -> datetime:
        """The beginning of the period."""
        return self.now - self.period
