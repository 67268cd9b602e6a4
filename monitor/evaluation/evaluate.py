"""Evaluation: everything that follows from the looks of one request.

Pure: the caller loads the state of the targets and their orders, and saves the result in one transaction. The
daemon, manual checks, the backtest and the simulation use this one function.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from monitor.cadence.schedule import Cadence, LookSummary, NextLook, Priority
from monitor.evaluation.admission import AdmittedLook, Look, admit_look
from monitor.evaluation.holding import (
    CapReached,
    Usage,
    in_shadow,
    queueing_days,
    under_caps,
    with_hold_times,
)
from monitor.evaluation.mass_drop_state import MassDropChange, MassDropState, mass_drop_after
from monitor.evaluation.source_choice import UNSEEN_OUTCOMES, SourceRouter
from monitor.evaluation.target_problem import failures_after, notify, problem_of
from monitor.evaluation.target_state import TargetState
from monitor.events.drops import drop_decided
from monitor.events.event import Event
from monitor.guarantee.daily_caps import DailyCaps, queued_of
from monitor.guarantee.gone_detection import Absence, observe
from monitor.guarantee.mass_drop import MassDropRule
from monitor.guarantee.noop_bounds import NoopBounds, noop_bounds
from monitor.guarantee.order_update import state_after
from monitor.guarantee.verdicts import Verdict
from monitor.model.decision import Decision, Reason
from monitor.model.order_state import OrderState
from monitor.model.snapshot import Snapshot
from monitor.model.target import Metric

SourceReads = Mapping[tuple[str, Metric], datetime]
"""Time of the newest count that each source has read of each metric."""


@dataclass(frozen=True, slots=True)
class LookPolicy:
    """The configured rules by which looks are evaluated."""

    cadence: Cadence | None
    """None in a replay of recorded looks, where no next look is scheduled."""
    mass_drops: MassDropRule
    router: SourceRouter | None = None
    """None when targets keep their source."""
    trust_zero: bool = False
    """Believe a start count of 0, even if the first judged count contradicts it (RULES 2)."""
    caps: DailyCaps = field(default_factory=DailyCaps)
    shadow: bool = False
    """Hold every refill that would be queued (RULES 9)."""


@dataclass(frozen=True, slots=True)
class RequestState:
    """The state before the looks of one request are evaluated."""

    looks: Sequence[Look]
    mass_drops: Mapping[Metric, MassDropState]
    """By metric, for every metric of which a look of the request has a count, fast-path looks included."""
    reads: SourceReads
    """Counts read before this evaluation."""
    latest: Mapping[Metric, datetime]
    """Newest judged count of the request that was saved by the fast path, by metric."""
    usage: Usage | None = None
    """What is used of the daily caps; None to leave the caps out."""


@dataclass(frozen=True, slots=True)
class LookEvaluation:
    """Everything that follows from one look."""

    state: TargetState
    """The target after the look; when its next look is due is in `next_look`."""
    snapshot: Snapshot
    """As it is stored."""
    orders: tuple[OrderState, ...]
    """The orders of the target before the look."""
    orders_after: tuple[OrderState, ...]
    verdicts: tuple[Verdict, ...]
    """One per order; empty when the count was not judged."""
    next_look: NextLook | None
    """None when no order of the target needs another look."""
    noop_bounds: NoopBounds | None
    events: tuple[Event, ...]
    judged: bool
    opened: bool
    was_hidden: bool
    """Whether the target was private or gone before the look."""

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """The new decisions, in the order of the orders."""
        return tuple(decision for verdict in self.verdicts for decision in verdict.new_decisions)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything that follows from the looks of one request."""

    looks: tuple[LookEvaluation, ...]
    mass_drops: tuple[MassDropChange, ...]
    queueing_days: frozenset[date]
    """The days on which a refill would be queued without daily caps."""
    usage: Usage | None = None
    """What is used of the daily caps after the looks; None if they were left out."""
    caps_reached: tuple[CapReached, ...] = ()


def evaluate(request: RequestState, policy: LookPolicy) -> Evaluation:
    """Return everything that follows from the looks of one request."""
    admitted = [admit_look(look, trust_zero=policy.trust_zero) for look in request.looks]
    on, changes = _mass_drops(request, admitted, policy.mass_drops)
    reads = {**request.reads, **reads_of(look.kept for look in admitted)}
    final = [
        with_hold_times(look.under_mass_drop(), policy.mass_drops.hold)
        if look.state.target.metric in on
        else look
        for look in admitted
    ]
    if policy.shadow:
        final = in_shadow(final)
    days, usage = queueing_days(final), request.usage
    reached: tuple[CapReached, ...] = ()
    if usage is not None and days:
        capped = under_caps(final, policy.caps, usage)
        final, usage, reached = capped.looks, capped.usage, capped.reached
    looks = tuple(_conclude(look, reads, policy) for look in final)
    return Evaluation(looks, changes, days, usage, reached)


def _mass_drops(
    request: RequestState, admitted: Sequence[AdmittedLook], rule: MassDropRule
) -> tuple[set[Metric], tuple[MassDropChange, ...]]:
    """Return the metrics with a mass drop after the judged looks, and the mass drops that begin or end."""
    judged = [look for look in admitted if look.judged]
    latest = dict(request.latest)
    for look in judged:
        metric = look.state.target.metric
        latest[metric] = max(latest.get(metric, look.kept.at), look.kept.at)
    on, changes = set(), []
    for metric, now in sorted(latest.items()):
        of_metric = [look for look in judged if look.state.target.metric is metric]
        is_on, change = mass_drop_after(metric, request.mass_drops[metric], of_metric, rule, now)
        if is_on:
            on.add(metric)
        if change is not None:
            changes.append(change)
    return on, tuple(changes)


def reads_of(snapshots: Iterable[Snapshot]) -> dict[tuple[str, Metric], datetime]:
    """Return the time of the newest count of each source and metric among these snapshots."""
    newest: dict[tuple[str, Metric], datetime] = {}
    for snapshot in snapshots:
        if snapshot.count is not None:
            key = snapshot.source, snapshot.target.metric
            newest[key] = max(newest.get(key, snapshot.at), snapshot.at)
    return newest


def _conclude(look: AdmittedLook, reads: SourceReads, policy: LookPolicy) -> LookEvaluation:
    """Return everything that follows from one look whose verdicts are final."""
    kept, state = look.kept, look.state
    orders = _orders_after(look)
    read_at = reads.get((kept.source, state.target.metric))
    absence = _absence(state.absence, kept, read_at)
    failures = failures_after(state, kept)
    known = replace(state, series=look.series, absence=absence, failures=failures)
    problem = problem_of(
        kept,
        absence,
        0 if look.waits_for_switch else failures,
        read_at,
        other_account=look.shows_other_account,
    )
    notified, event = notify(problem, known, look.orders, kept)
    following = _next_look(look, orders, failures, policy.cadence)
    if policy.router is not None:
        unseen = _unseen(look)
        schedule = policy.router.after(state.target, state.schedule, orders, kept, unseen=unseen)
        if following is not None and schedule.source != state.schedule.source and unseen:
            following = _due_at_once(following, state, kept)
        known = replace(known, schedule=schedule)
    events = () if event is None else (event,)
    return LookEvaluation(
        state=replace(known, notified_problem=notified),
        snapshot=kept,
        orders=look.orders,
        orders_after=orders,
        verdicts=look.verdicts,
        next_look=following,
        noop_bounds=_noop_bounds(look, orders),
        events=_decision_events(look, policy.caps) + events,
        judged=look.judged,
        opened=look.opened,
        was_hidden=state.hidden,
    )


def _unseen(look: AdmittedLook) -> bool:
    """Whether another source should look: this one did not find the target, or found who took its name.

    Only the user id leads from a name that was taken to the account; a look by name would show the other one.
    """
    taken_name = look.shows_other_account and look.taken.source_account and look.series.account
    return look.kept.outcome in UNSEEN_OUTCOMES or bool(taken_name)


def _absence(before: Absence, kept: Snapshot, read_at: datetime | None) -> Absence:
    """The absence after a look; one that could not look far enough is no evidence (RULES 7)."""
    if kept.count is not None:
        return Absence()
    return before if kept.out_of_reach else observe(before, kept.outcome, kept.at, read_at)


def _orders_after(look: AdmittedLook) -> tuple[OrderState, ...]:
    if not look.verdicts:
        return look.orders
    pairs = zip(look.orders, look.verdicts, strict=True)
    return tuple(state_after(before, verdict) for before, verdict in pairs)


def _next_look(
    look: AdmittedLook, orders: Sequence[OrderState], failures: int, cadence: Cadence | None
) -> NextLook | None:
    """When to look again; the first look of another source is urgent, so that it makes no observation."""
    if cadence is None:
        return None
    schedule = look.state.schedule
    priority = Priority.URGENT if look.begins_series else schedule.priority
    summary = LookSummary(
        look.kept.outcome,
        failures,
        look.series.zero_seen,
        look.kept.judged,
        schedule.cadence_state,
        priority,
        look.kept.source,
    )
    return cadence.next_look(orders, summary, look.kept.at)


def _due_at_once(following: NextLook, state: TargetState, kept: Snapshot) -> NextLook:
    """The next look, due at once through another source, since this one did not find the target."""
    return following._replace(
        at=kept.at,
        priority=min(state.schedule.priority, following.priority),
        due_reason=f"{kept.source} cannot see it",
    )


def _noop_bounds(look: AdmittedLook, orders: Sequence[OrderState]) -> NoopBounds | None:
    """The noop bounds after the look; None unless the count may be judged."""
    if not look.verdicts or look.kept.judged is None:
        return None
    return noop_bounds(orders, look.kept.at, look.kept.judged)


def _decision_events(look: AdmittedLook, caps: DailyCaps) -> tuple[Event, ...]:
    return tuple(
        drop_decided(decision, state.order)
        for state, verdict in zip(look.orders, look.verdicts, strict=False)
        for decision in verdict.new_decisions
        if _has_event(decision, verdict, state, caps)
    )


def _has_event(decision: Decision, verdict: Verdict, state: OrderState, caps: DailyCaps) -> bool:
    """Whether a decision gets its own event.

    A mass drop has one event for all, and so has a daily cap, except for a refill that no day has room for. A
    recovered held refill has none. The summary of a backlog tells of its old drops.
    """
    if decision.reason is Reason.DAILY_CAP:
        return caps.too_large(queued_of(state.order, decision.quantity))
    if decision is verdict.decision and verdict.drop is not None and verdict.drop.backlog:
        return not state.summary_pending
    if decision is verdict.release:
        return decision.reason is not Reason.RECOVERED
    return decision.reason not in {Reason.MASS_DROP, Reason.RESTORED}
