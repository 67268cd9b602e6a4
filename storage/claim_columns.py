"""The columns of a refill by which claims select: copies of what its order and its target say.

So what cannot be claimed is not in the index of claims, and what a consumer does not deliver is not read.
Whoever changes an order or a target has locked the target, as a decision does, and refreshes the copies.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    text,
    update,
)

from monitor.events.changes import refill_asked_for
from storage import events
from storage.schema import UNFINISHED_REFILL, orders, refills, requests, targets

ASKED_FOR, UNASKED = 0, 1
"""The ranks of claims: a buyer asked for the refill, or nobody did."""

_r, _o, _t, _q = refills.c, orders.c, targets.c, requests.c
NAMES = ("claim_service", "claim_provider", "claim_rank", "hidden")
IS_ASKED_FOR = (_r.claim_rank == ASKED_FOR).label("asked_for")
"""Whether a buyer asked for a refill."""
_IDS: BindParameter[object] = bindparam("ids", expanding=True)
_HIDDEN = or_(_t.private_since.is_not(None), _t.gone_at.is_not(None))
"""No refill is claimed while the profile is private or the link is gone."""


def _of_order(order_id: ColumnElement[str]) -> dict[str, object]:
    """The columns that follow the order and its target."""
    order = select(_o.order_id).where(_o.order_id == order_id)
    with_target = order.join_from(orders, targets, _t.target_id == _o.target_id)
    return {
        "claim_service": order.with_only_columns(_o.service).scalar_subquery(),
        "claim_provider": order.with_only_columns(func.coalesce(_o.provider, "")).scalar_subquery(),
        "hidden": with_target.where(_HIDDEN).exists(),
    }


def of_new_refill(order_id: str, created_at: datetime) -> dict[str, object]:
    """The columns of a new refill of an order, as expressions.

    A buyer asked for it if a request was not answered before it.
    """
    unanswered = or_(_q.answered_at.is_(None), _q.answered_at >= created_at)
    asked = exists().where(_q.order_id == order_id, unanswered)
    wanted: BindParameter[str] = bindparam("of_order", order_id)
    return _of_order(wanted) | {"claim_rank": case((asked, ASKED_FOR), else_=UNASKED)}


_OF_ORDERS = (
    select(_r.refill_id)
    .where(_r.order_id.in_(_IDS), text(f"refills.{UNFINISHED_REFILL}"))
    .order_by(_r.refill_id)
    .with_for_update()
)
_ORDERS_OF_TARGETS = select(_o.order_id).where(_o.target_id.in_(_IDS)).order_by(_o.order_id)
_REFRESH = update(refills).where(_r.refill_id.in_(_IDS)).values(_of_order(_r.order_id))
_ASK = (
    update(refills)
    .where(_r.order_id == bindparam("order"), text(UNFINISHED_REFILL), _r.claim_rank != ASKED_FOR)
    .values(claim_rank=ASKED_FOR)
    .returning(_r.refill_id, _r.state)
)


def refresh(connection: Connection, order_ids: Sequence[str]) -> None:
    """Copy what is said of orders that were changed, and of their targets, to their unfinished refills."""
    found = connection.execute(_OF_ORDERS, {"ids": order_ids}).scalars().all() if order_ids else ()
    if found:
        connection.execute(_REFRESH, {"ids": found})


def refresh_targets(connection: Connection, target_ids: Sequence[int]) -> None:
    """Copy whether targets are private or gone to the unfinished refills of their orders."""
    if target_ids:
        refresh(connection, connection.execute(_ORDERS_OF_TARGETS, {"ids": target_ids}).scalars().all())


def ask_for(connection: Connection, order_id: str, now: datetime) -> None:
    """A buyer asked: the unfinished refill of the order, if it has one, is claimed before the rest."""
    for refill_id, state in connection.execute(_ASK, {"order": order_id}).all():
        events.add(connection, refill_asked_for(order_id, refill_id, state), now)
