"""The job of the bulk actions: carries out what operators have confirmed, one row in one transaction.

A row of its own transaction holds no lock for longer than the same action on a single row, and its result is
committed with it. So several processes may work at once, and one that is killed is continued by the next.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from jobs.bulk_refills import ExpectedRefill, act_on_refill
from monitor.guarantee.queue_rules import QueueRules
from monitor.model.bulk_action import REFILL_ACTIONS, BulkAction, ItemResult
from monitor.model.order import Flag
from storage import bulk_actions, flags, problems, reviews, target_checks
from storage.actor import Actor, acting
from storage.bulk_actions import BulkActionRow, BulkItemRow
from storage.engine import Database, Transaction
from storage.errors import NotFoundError, OpenRefillError, UnreachableError, WrongStateError
from storage.event_actor import by
from storage.server_time import shared_time

log = structlog.get_logger()
ROWS = 100
"""Rows after which the job reports that it is alive."""
MOST_TRIES = 10
"""Rounds in which a row is tried that the database does not carry out, as in a deadlock."""
_UNEXPECTED = "an unexpected error; it is in the log of refilld"
_GIVEN_UP = f"the database did not carry it out in {MOST_TRIES} rounds; why is in the log of refilld"


@dataclass(frozen=True, slots=True)
class BulkActions:
    """Carries out confirmed bulk actions, in the name of who confirmed them."""

    database: Database
    clock: Callable[[], datetime]
    rules: QueueRules
    stopping: Callable[[], bool] = lambda: False
    heartbeat: Callable[[], None] = lambda: None
    tries: Counter[int] = field(default_factory=Counter)
    """Of the rows that this process has put off."""

    def run_once(self) -> None:
        """Carry out every running action, and delete previews that nobody has confirmed."""
        with self.database.read() as tx:
            running = bulk_actions.running(tx)
        for action in running:
            self._carry_out(action)
        with self.database.write() as tx:
            bulk_actions.delete_expired(tx, shared_time(tx, self.clock()))

    def _carry_out(self, action: BulkActionRow) -> None:
        number = 0
        with acting(Actor(action.actor, action.request_id)):
            while not self.stopping() and self._next_row(action):
                number += 1
                if number % ROWS == 0:
                    self.heartbeat()
        with self.database.write() as tx:
            if bulk_actions.finish(tx, action.bulk_action_id, shared_time(tx, self.clock())):
                found = bulk_actions.progress(tx, action.bulk_action_id)
                facts = {"action": str(action.action), "done": found.done, "refused": found.refused}
                log.info("bulk_action.finished", bulk_action_id=action.bulk_action_id, **facts)

    def _next_row(self, action: BulkActionRow) -> bool:
        """Carry out the next row; False if there is none, or it is put off until the next round.

        A row with which something unexpected happens is refused, or it would keep back all that follow.
        """
        item = None
        try:
            with self.database.write() as tx:
                item = bulk_actions.take_item(tx, action.bulk_action_id)
                if item is not None:
                    self._settle(tx, action, item)
        except UnreachableError as error:
            if item is None:
                raise
            return self._put_off(action, item, str(error))
        except Exception:
            if item is None:
                raise
            log.exception("bulk_action.row_failed", bulk_action_id=action.bulk_action_id, row=item.subject)
            self._refuse(item, _UNEXPECTED)
        return item is not None

    def _put_off(self, action: BulkActionRow, item: BulkItemRow, error: str) -> bool:
        """Leave a row undone, and its action until the next round; True if it is refused after many tries."""
        self.tries[item.item_id] += 1
        facts = {"bulk_action_id": action.bulk_action_id, "row": item.subject}
        log.warning("bulk_action.row_put_off", **facts, tries=self.tries[item.item_id], error=error)
        if self.tries[item.item_id] < MOST_TRIES:
            return False
        self._refuse(item, _GIVEN_UP)
        return True

    def _refuse(self, item: BulkItemRow, why: str) -> None:
        with self.database.write() as tx:
            bulk_actions.settle_item(tx, item.item_id, ItemResult.REFUSED, why)

    def _settle(self, tx: Transaction, action: BulkActionRow, item: BulkItemRow) -> None:
        """Carry out a row, and store what became of it."""
        undone = tx.begin_nested()
        try:
            detail = carry_out_row(tx, action, item, self.rules, shared_time(tx, self.clock()))
            undone.commit()
            result = ItemResult.DONE
        except (NotFoundError, WrongStateError, OpenRefillError) as error:
            undone.rollback()
            result, detail = ItemResult.REFUSED, str(error)
        bulk_actions.settle_item(tx, item.item_id, result, detail)


def carry_out_row(
    tx: Transaction, action: BulkActionRow, item: BulkItemRow, rules: QueueRules, now: datetime
) -> str:
    """Carry out one row, and return what became of it; raises what refuses it."""
    if action.action in REFILL_ACTIONS:
        expected = ExpectedRefill.read(item.expected)
        row = act_on_refill(tx, action.action, int(item.subject), expected, rules, now)
        return f"{row.state}, {row.quantity:,} units"
    return _ACTS[action.action](tx, item.subject, action, now)


def _close(tx: Transaction, subject: str, action: BulkActionRow, now: datetime) -> str:
    reviews.close(tx, int(subject), action.arguments.get("note", ""), now)
    return "closed"


def _flag(tx: Transaction, subject: str, action: BulkActionRow, now: datetime) -> str:
    flag = Flag(action.arguments["flag"])
    if not flags.set_flag(tx, subject, flag, now):
        who = by(flags.set_by(tx, subject, flag))
        raise WrongStateError(f"order {subject} is flagged {flag} already{who}")
    return f"flagged {flag}"


def _unflag(tx: Transaction, subject: str, action: BulkActionRow, now: datetime) -> str:
    flag = Flag(action.arguments["flag"])
    if not flags.lift_flag(tx, subject, flag, now):
        who = flags.lifted_by(tx, subject, flag)
        raise WrongStateError(f"order {subject} is not flagged {flag}{who and f'; {who} lifted it'}")
    return f"no longer flagged {flag}"


def _check(tx: Transaction, subject: str, _action: BulkActionRow, now: datetime) -> str:
    target_checks.request_check(tx, subject, now)
    return "a look is due"


def _acknowledge(tx: Transaction, subject: str, action: BulkActionRow, now: datetime) -> str:
    _, _, person = action.actor.partition(" ")
    if not problems.acknowledge(tx, int(subject), person, now):
        who = by(problems.acknowledged_by(tx, int(subject)))
        raise WrongStateError(f"alert {subject} was acknowledged already{who}")
    return "acknowledged"


_ACTS: Mapping[BulkAction, Callable[[Transaction, str, BulkActionRow, datetime], str]] = {
    BulkAction.CLOSE: _close,
    BulkAction.FLAG: _flag,
    BulkAction.UNFLAG: _unflag,
    BulkAction.CHECK: _check,
    BulkAction.ACKNOWLEDGE: _acknowledge,
}
