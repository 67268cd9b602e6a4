"""The audit trail tells every way that a refill can go, on both engines."""

from datetime import datetime

from sqlalchemy import update

from monitor.guarantee.daily_caps import SHOP, Amounts, DailyCaps
from monitor.model.decision import Action, Reason
from monitor.model.order import Flag
from storage import flags, held_refills, leases, new_start, operator_actions
from storage.actor import Actor, acting
from storage.engine import Database, Transaction
from storage.schema import targets
from storage.transfer_action import TransferAction
from tests import lease_calls
from tests.audit_trail import moves_of
from tests.builders import HOUR, NOW, REASON_OF, a_decision, an_order
from tests.storage.shop import ATTEMPTS, owe, sell

ORDERS = [f"{number}" for number in range(1, 15)]
WAYS = {
    ("", "held"), ("", "queued"),
    ("held", "queued"), ("held", "rejected"), ("held", "cancelled"), ("held", "held"),
    ("queued", "claimed"), ("queued", "cancelled"),
    ("claimed", "completed"), ("claimed", "queued"), ("claimed", "dead"), ("claimed", "cancelled"),
    ("dead", "queued"), ("dead", "cancelled"),
}  # fmt: skip
"""State before, empty for a new refill, and state after."""


def test_the_trail_tells_every_move_of_a_refill(database: Database) -> None:
    """By whom, from which state, to which, and why."""
    sell(database, *(an_order(order_id, profile=f"p{order_id}") for order_id in ORDERS))
    with acting(Actor("job sampling")), database.write() as tx:
        tx.execute(update(targets).values(last_count=1700, last_count_at=NOW))
        held = [owe(tx, one, Action.HOLD) for one in ORDERS[:7]]
        queued = [owe(tx, one) for one in ORDERS[7:13]]
    with acting(Actor("token shop")), database.write() as tx:
        _decide(tx, held, NOW)
        _work(tx, queued, NOW)
    with acting(Actor("cli root")), database.write() as tx:
        owe(tx, ORDERS[13])
        leases.claim(tx, NOW, limit=9, lease=HOUR)
        new_start.start_anew(tx, TransferAction.RESTORED, "monday.db", NOW)
    moves = moves_of(database)
    assert {(before, after) for _, before, after in moves} == WAYS
    assert {actor for actor, _, _ in moves} == {"job sampling", "token shop", "cli root"}


def _decide(tx: Transaction, held: list[int], now: datetime) -> None:
    """What operators and new decisions do with held refills."""
    for refill_id, action in zip(held, ("approve", "reject", "cancel"), strict=False):
        operator_actions.act(tx, refill_id, action, now)
    for order_id, action in (
        (ORDERS[3], Action.REFILL),
        (ORDERS[4], Action.HOLD),
        (ORDERS[5], Action.REFUSE),
    ):
        reason = Reason.RECOVERED if action is Action.REFUSE else Reason.COOLDOWN
        held_refills.decided_anew(tx, a_decision(order_id, action, reason=reason, at=now + HOUR))
    operator_actions.act(tx, held[0], "cancel", now)
    caps = DailyCaps({SHOP: Amounts(1, {})}, release_next_day=True)
    held_refills.release(tx, held[6], REASON_OF[Action.HOLD], now, caps=caps)


def _work(tx: Transaction, queued: list[int], now: datetime) -> None:
    """What consumers do with queued refills, and what becomes of those that they leave."""
    flags.set_flag(tx, ORDERS[12], Flag.DISPUTE, now)
    tokens = {one.refill_id: one.lease_token for one in leases.claim(tx, now, limit=9, lease=HOUR)}
    dead = leases.Failure("no such user", retryable=False)
    lease_calls.complete(tx, queued[0], tokens[queued[0]], now)
    lease_calls.fail(tx, queued[1], tokens[queued[1]], now, dead, ATTEMPTS)
    operator_actions.act(tx, queued[1], "requeue", now)
    lease_calls.fail(tx, queued[2], tokens[queued[2]], now, dead, ATTEMPTS)
    operator_actions.act(tx, queued[2], "cancel", now)
    lease_calls.release(tx, queued[3], tokens[queued[3]], now)
    flags.set_flag(tx, ORDERS[11], Flag.DISPUTE, now)
    lease_calls.release(tx, queued[4], tokens[queued[4]], now)
    leases.expire(tx, now + HOUR, ATTEMPTS)
