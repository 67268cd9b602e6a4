"""Actions on refills as they were shown: on one, or on several that are planned first."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from jobs.bulk_refills import ExpectedRefill, act_on_refill
from monitor.errors import BadInputError
from monitor.guarantee.daily_caps import DailyCaps, day_of, used_with
from monitor.guarantee.owed_refills import Owed
from monitor.guarantee.queue_rules import QueueRules
from monitor.model.bulk_action import BulkAction
from monitor.model.refill import RefillState
from refilld.services.left_out import LeftOut
from refilld.services.refill_plan import PlannedRefill, RefillPlan
from storage import open_refills, operator_actions, queued_units, refill_selection
from storage.engine import Database, Transaction
from storage.errors import NotFoundError, OpenRefillError, ShadowModeError, WrongStateError
from storage.refill_selection import RefillFilter, SelectedRefill
from storage.refills import RefillRow
from storage.server_time import shared_time


@dataclass(frozen=True, slots=True)
class RefillResult:
    """What became of a planned refill."""

    refill_id: int
    row: RefillRow | None
    """As it is after the action; None if the action was refused."""
    error: str = ""
    """Why it was refused."""


def plan_named(
    tx: Transaction, action: BulkAction, refill_ids: Sequence[int], rules: QueueRules
) -> RefillPlan:
    """Plan an action on the refills with these ids; raises ShadowModeError if it can queue nothing."""
    _require_queue(action, rules)
    selected = refill_selection.named(tx, refill_ids)
    known = {row.refill_id for row in selected}
    missing = [i for i in dict.fromkeys(refill_ids) if i not in known]
    unknown = [LeftOut(str(i), "there is no such refill") for i in missing]
    return _plan(tx, action, selected, unknown)


def plan_found(
    tx: Transaction,
    action: BulkAction,
    wanted: RefillFilter,
    rules: QueueRules,
    now: datetime,
    limit: int | None = None,
) -> RefillPlan:
    """Plan an action on those refills of a filter whose state allows it, the oldest if there is a limit.

    A release keeps to the daily caps. Raises ShadowModeError if the action can queue nothing.
    """
    _require_queue(action, rules)
    allowed, _ = operator_actions.ACTIONS[action.operator_action]
    plan = _plan(tx, action, refill_selection.found(tx, allowed, wanted, limit), [])
    return _within_caps(tx, plan, rules.caps, now) if action is BulkAction.RELEASE else plan


def carry_out(
    database: Database, plan: RefillPlan, rules: QueueRules, clock: Callable[[], datetime]
) -> Iterator[RefillResult]:
    """Act on each planned refill; one that has changed since it was planned is refused."""
    for one in plan.planned:
        try:
            with database.write() as tx:
                now, refill_id = shared_time(tx, clock()), one.refill.refill_id
                row = act_on_refill(tx, plan.action, refill_id, one.expected, rules, now)
                yielded = RefillResult(refill_id, row)
        except (NotFoundError, WrongStateError, OpenRefillError) as error:
            yielded = RefillResult(one.refill.refill_id, None, str(error))
        yield yielded


def act_on_shown(
    tx: Transaction,
    action: BulkAction,
    refill_id: int,
    shown: Mapping[str, str],
    rules: QueueRules,
    now: datetime,
) -> RefillRow:
    """Act on one refill, of which `shown` has state, reason and units; refused if it has changed."""
    try:
        expected = ExpectedRefill.read(shown)
    except (KeyError, ValueError):
        raise BadInputError(
            "refill", "the form does not tell how the refill was; load the page again"
        ) from None
    return act_on_refill(tx, action, refill_id, expected, rules, now)


def _require_queue(action: BulkAction, rules: QueueRules) -> None:
    if rules.shadow and action.queues:
        raise ShadowModeError(operator_actions.IN_SHADOW)


def _within_caps(tx: Transaction, plan: RefillPlan, caps: DailyCaps, now: datetime) -> RefillPlan:
    """The plan with those refills held that exceed a daily cap, in the order in which they are released."""
    if not caps.configured or not plan.queued:
        return plan
    used, planned = queued_units.usage(tx, day_of(now)), []
    for one in plan.planned:
        if one.state is RefillState.QUEUED and caps.exceeded(one.queued_units, used):
            planned.append(replace(one, state=RefillState.HELD))
            continue
        if one.state is RefillState.QUEUED:
            used = used_with(used, [one.queued_units])
        planned.append(one)
    return replace(plan, planned=tuple(planned))


def _plan(
    tx: Transaction, action: BulkAction, selected: Sequence[SelectedRefill], left_out: list[LeftOut]
) -> RefillPlan:
    allowed, state = operator_actions.ACTIONS[action.operator_action]
    for row in selected:
        if row.state not in allowed:
            needs = operator_actions.either(allowed)
            left_out.append(LeftOut(str(row.refill_id), f"{row.state}; {action} needs {needs}"))
    rows = [row for row in selected if row.state in allowed]
    if state is not RefillState.QUEUED:
        return RefillPlan(
            action, tuple(PlannedRefill(row, state, row.quantity) for row in rows), tuple(left_out)
        )
    if action is BulkAction.REQUEUE:
        rows, beside = _without_open(tx, rows)
        left_out += beside
    owed = refill_selection.owed(tx, rows, discards_recovered=action is BulkAction.RELEASE)
    planned = []
    for row in rows:
        found = _planned(action, row, owed[row.refill_id])
        if isinstance(found, PlannedRefill):
            planned.append(found)
        else:
            left_out.append(found)
    return RefillPlan(action, tuple(planned), tuple(left_out))


def _planned(action: BulkAction, row: SelectedRefill, owed: Owed) -> PlannedRefill | LeftOut:
    if owed.units:
        return PlannedRefill(row, RefillState.QUEUED, owed.units)
    if owed.recovered and action is BulkAction.RELEASE:
        return PlannedRefill(row, RefillState.REJECTED, row.quantity)
    if owed.recovered:
        return LeftOut(str(row.refill_id), "nothing is missing at the newest count; reject or cancel it")
    return LeftOut(str(row.refill_id), f"owed no more: {owed.why_none}")


def _without_open(
    tx: Transaction, rows: Sequence[SelectedRefill]
) -> tuple[list[SelectedRefill], list[LeftOut]]:
    """Those whose order has no open refill, one for each order; and the others."""
    taken = open_refills.of_orders(tx, [row.order_id for row in rows])
    why = {order_id: f"refill {one} of its order is open already" for order_id, one in taken.items()}
    kept, left_out = [], []
    for row in rows:
        if row.order_id in why:
            left_out.append(LeftOut(str(row.refill_id), why[row.order_id]))
        else:
            why[row.order_id] = f"refill {row.refill_id} of its order is requeued"
            kept.append(row)
    return kept, left_out
