"""Drops and the decisions on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, false, insert, select, text, update

from monitor.guarantee.claims import Claim
from monitor.model.decision import Action, Decision, Reason
from monitor.model.drop import Drop, DropState
from storage.schema import OPEN_DROP, decisions, drops


@dataclass(frozen=True, slots=True)
class DropRow:
    """One drop with its newest numbers and its newest decision."""

    drop_id: int
    order_id: str
    state: DropState
    opened_at: datetime
    looks: int
    """Judged counts that confirm the drop."""
    confirmed_at: datetime | None
    closed_at: datetime | None
    claim: int
    """Units that were missing at the newest judged count."""
    count: int
    line: int
    decision: Action | None
    reason: Reason | None
    backlog: bool
    """An old drop of a backlog."""


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One decision on a drop."""

    decision_id: int
    drop_id: int
    order_id: str
    at: datetime
    decision: Action
    reason: Reason
    quantity: int
    """Units of the refill; 0 if the decision makes none."""
    count: int
    line: int
    claim: int


_INSERT = insert(drops).returning(drops.c.drop_id)
_UPDATE = (
    update(drops)
    .where(drops.c.drop_id == bindparam("id"))
    .values(
        {
            name: bindparam(name)
            for name in (
                "state",
                "looks",
                "confirmed_at",
                "closed_at",
                "claim",
                "count",
                "line",
            )
        }
    )
)
_LAST_WORD = select(drops.c.decision, drops.c.reason).where(drops.c.drop_id == bindparam("id"))
_DECIDED = (
    update(drops)
    .where(drops.c.drop_id == bindparam("id"))
    .values(decision=bindparam("action"), reason=bindparam("why"))
)
_CLOSE = (
    update(drops)
    .where(drops.c.order_id == bindparam("order"), text(f"drops.{OPEN_DROP}"))
    .values(state=DropState.CLOSED, closed_at=bindparam("now"))
)


def save(connection: Connection, drop: Drop, claim: Claim, count: int) -> int:
    """Write a drop as it is after a judged count; gives its id."""
    row = {
        "state": drop.state,
        "looks": drop.looks,
        "confirmed_at": drop.confirmed_at,
        "closed_at": drop.closed_at,
        "claim": claim.units,
        "count": count,
        "line": claim.line,
    }
    if drop.drop_id is not None:
        connection.execute(_UPDATE, row | {"id": drop.drop_id})
        return drop.drop_id
    new = {"order_id": drop.order_id, "opened_at": drop.opened_at, "backlog": drop.backlog}
    drop_id: int = connection.execute(_INSERT, row | new).scalar_one()
    return drop_id


def add_decision(connection: Connection, drop_id: int, decision: Decision) -> bool:
    """Keep a decision unless it repeats the drop's last one; says whether it was kept."""
    last = connection.execute(_LAST_WORD, {"id": drop_id}).one()
    if (last.decision, last.reason) == (decision.action, decision.reason):
        return False
    connection.execute(_DECIDED, {"id": drop_id, "action": decision.action, "why": decision.reason})
    connection.execute(
        insert(decisions),
        {
            "drop_id": drop_id,
            "order_id": decision.order_id,
            "at": decision.at,
            "decision": decision.action,
            "reason": decision.reason,
            "quantity": decision.quantity,
            "count": decision.count,
            "line": decision.line,
            "claim": decision.claim,
        },
    )
    return True


def leave_backlog(connection: Connection, order_ids: Sequence[str]) -> None:
    """Make old drops of these orders ordinary ones, because their deliveries are others now."""
    change = update(drops).where(drops.c.order_id.in_(order_ids), drops.c.backlog)
    connection.execute(change.values(backlog=false()))


def close(connection: Connection, order_id: str, now: datetime) -> None:
    """Close the order's open drop because the guarantee has ended or is suspended."""
    connection.execute(_CLOSE, {"order": order_id, "now": now})


def refuse(connection: Connection, order_id: str, drop_id: int, now: datetime) -> None:
    """Refuse a drop: it is not decided again until it has recovered (RULES 5)."""
    close(connection, order_id, now)
    connection.execute(
        update(drops).where(drops.c.drop_id == drop_id).values(state=DropState.REFUSED, closed_at=None)
    )


def decline(connection: Connection, order_id: str, drop_id: int, now: datetime) -> None:
    """Refuse a drop because an operator declined its refill; stored as a decision with the drop's numbers."""
    refuse(connection, order_id, drop_id, now)
    found = connection.execute(select(drops).where(drops.c.drop_id == drop_id)).one()
    row = DropRow(**found._asdict())
    declined = Decision(order_id, now, Action.REFUSE, Reason.DECLINED, 0, row.count, row.line, row.claim)
    add_decision(connection, drop_id, declined)


def last_reason(connection: Connection, order_id: str) -> Reason | None:
    """The reason of the newest decision on the order's open drop."""
    query = select(drops.c.reason).where(drops.c.order_id == order_id, text(f"drops.{OPEN_DROP}"))
    reason: Reason | None = connection.execute(query).scalar()
    return reason


def of_order(connection: Connection, order_id: str) -> list[DropRow]:
    """All drops of an order, oldest first."""
    query = select(drops).where(drops.c.order_id == order_id).order_by(drops.c.drop_id)
    return [DropRow(**row._asdict()) for row in connection.execute(query)]


def decisions_of(connection: Connection, order_id: str) -> list[DecisionRow]:
    """All decisions on an order, oldest first."""
    query = select(decisions).where(decisions.c.order_id == order_id).order_by(decisions.c.decision_id)
    return [DecisionRow(**row._asdict()) for row in connection.execute(query)]
