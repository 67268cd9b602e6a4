"""Actions on many rows: frozen when they are previewed, carried out row by row, each row once.

What an action does to a row and the result of the row are committed together, so a process that is killed
leaves nothing done twice, and any other one goes on.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Update, delete, func, insert, select, text, update

from monitor.model.bulk_action import BulkAction, BulkState, ItemResult
from storage.actor import actor
from storage.bulk_tables import bulk_actions, bulk_items
from storage.column_types import AnyRow
from storage.errors import NotFoundError, WrongStateError
from storage.pages import Page, PageRequest
from storage.walks import Walk, read_page

_b = bulk_actions.c
_i = bulk_items.c
_RUNNING = text("bulk_actions.state = 'running'")
_PREVIEWED = text("bulk_actions.state = 'previewed'")


@dataclass(frozen=True, slots=True)
class NewBulkAction:
    """An action that is previewed."""

    action: BulkAction
    arguments: Mapping[str, str]
    """What the action needs besides its rows, such as the flag, or the note of a review."""
    filter: str
    """How the rows were chosen, as a query string; empty if they were named."""
    more: bool
    """Whether the filter may find more rows than the action takes."""
    expires_at: datetime
    """Until then it can be confirmed."""
    preview: str = ""
    """What is shown of it, as the interface writes it."""
    list_path: str = ""
    """The page of the list that its rows were chosen from; empty if it was no page."""


@dataclass(frozen=True, slots=True)
class NewBulkItem:
    """A row of an action that is previewed."""

    subject: str
    """The id of the row."""
    expected: Mapping[str, Any]
    """How it was shown; a row that is different is refused."""


@dataclass(frozen=True, slots=True)
class BulkActionRow:
    """One action on many rows."""

    bulk_action_id: int
    action: BulkAction
    arguments: Mapping[str, str]
    filter: str
    more: bool
    actor: str
    """Who previewed it, and alone may confirm it."""
    request_id: str | None
    state: BulkState
    previewed_at: datetime
    expires_at: datetime
    confirmed_at: datetime | None
    finished_at: datetime | None
    preview: str
    list_path: str
    """The page of the list that its rows were chosen from; empty if it was no page."""


@dataclass(frozen=True, slots=True)
class BulkItemRow:
    """One row of an action, with its result."""

    item_id: int
    bulk_action_id: int
    subject: str
    expected: Mapping[str, Any]
    result: ItemResult | None
    """None while it is not carried out."""
    detail: str
    """What the row became, or why it was refused."""


@dataclass(frozen=True, slots=True)
class BulkProgress:
    """How many rows of an action are carried out."""

    total: int
    done: int
    refused: int

    @property
    def left(self) -> int:
        return self.total - self.done - self.refused


def add(connection: Connection, new: NewBulkAction, items: Sequence[NewBulkItem], now: datetime) -> int:
    """Store a previewed action with its rows; returns its id."""
    who = actor()
    values = {
        "verb": new.action,
        "arguments": json.dumps(dict(new.arguments)),
        "filter": new.filter,
        "more": new.more,
        "actor": who.name,
        "request_id": who.request_id,
        "state": BulkState.PREVIEWED,
        "previewed_at": now,
        "expires_at": new.expires_at,
        "preview": new.preview,
        "list_path": new.list_path,
    }
    number = int(
        connection.execute(insert(bulk_actions).values(values).returning(_b.bulk_action_id)).scalar_one()
    )
    rows = [
        {"bulk_action_id": number, "subject": item.subject, "expected": json.dumps(dict(item.expected))}
        for item in items
    ]
    if rows:
        connection.execute(insert(bulk_items), rows)
    return number


def get(connection: Connection, bulk_action_id: int) -> BulkActionRow:
    """One action; raises NotFoundError."""
    query = select(bulk_actions).where(_b.bulk_action_id == bulk_action_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        why = "a preview that nobody has confirmed in time is deleted"
        raise NotFoundError(f"there is no bulk action {bulk_action_id}; {why}")
    return _action(row)


def page(connection: Connection, request: PageRequest) -> Page[BulkActionRow]:
    """One page of the actions, newest first."""
    walk = Walk(bulk_actions, _b.bulk_action_id, None)
    return read_page(
        connection, walk, select(bulk_actions), request, lambda rows: [_action(row) for row in rows]
    )


def items(
    connection: Connection, bulk_action_id: int, request: PageRequest, result: ItemResult | None = None
) -> Page[BulkItemRow]:
    """One page of the rows of an action, or of those with a result; newest first, or in their order."""
    mine = (_i.bulk_action_id == bulk_action_id,)
    walk = Walk(bulk_items, _i.item_id, None, found_by=mine, sorted=False)
    if result is not None:
        walk = Walk(bulk_items, _i.item_id, "ix_bulk_items_result", found_by=(*mine, _i.result == result))
    return read_page(connection, walk, select(bulk_items), request, lambda rows: [_item(row) for row in rows])


def progress(connection: Connection, bulk_action_id: int) -> BulkProgress:
    """How many rows of an action are carried out."""
    return progress_of(connection, [bulk_action_id])[bulk_action_id]


def progress_of(connection: Connection, bulk_action_ids: Sequence[int]) -> dict[int, BulkProgress]:
    """How many rows of each of these actions are carried out."""
    columns = _i.bulk_action_id, _i.result
    query = select(*columns, func.count()).where(_i.bulk_action_id.in_(bulk_action_ids)).group_by(*columns)
    numbers: defaultdict[int, dict[ItemResult | None, int]] = defaultdict(dict)
    for bulk_action_id, result, number in connection.execute(query):
        numbers[bulk_action_id][result] = number
    return {number: _progress(numbers[number]) for number in bulk_action_ids}


def _progress(numbers: Mapping[ItemResult | None, int]) -> BulkProgress:
    done, refused = numbers.get(ItemResult.DONE, 0), numbers.get(ItemResult.REFUSED, 0)
    return BulkProgress(sum(numbers.values()), done, refused)


def confirm(connection: Connection, bulk_action_id: int, now: datetime) -> None:
    """Let a previewed action be carried out; only who previewed it can, in time and once.

    Raises NotFoundError or WrongStateError.
    """
    row = get(connection, bulk_action_id)
    if row.actor != actor().name:
        raise WrongStateError(f"bulk action {bulk_action_id} was previewed by {row.actor}; preview your own")
    change = update(bulk_actions).where(_b.bulk_action_id == bulk_action_id, _PREVIEWED, _b.expires_at > now)
    if connection.execute(change.values(state=BulkState.RUNNING, confirmed_at=now)).rowcount == 0:
        state = get(connection, bulk_action_id).state  # somebody may have stopped it meanwhile
        expired = state is BulkState.PREVIEWED
        why = "the preview is too old; preview it again" if expired else f"it is {state}"
        raise WrongStateError(f"bulk action {bulk_action_id} cannot be confirmed: {why}")


def stop(connection: Connection, bulk_action_id: int, now: datetime) -> None:
    """Carry out no further row of an action; raises NotFoundError, or WrongStateError if it is over."""
    if connection.execute(_stopped(now).where(_b.bulk_action_id == bulk_action_id)).rowcount == 0:
        row = get(connection, bulk_action_id)
        raise WrongStateError(f"bulk action {bulk_action_id} is {row.state} already")


def stop_all(connection: Connection, now: datetime) -> None:
    """Carry out no further row of any action."""
    connection.execute(_stopped(now))


def _stopped(now: datetime) -> Update:
    """Stop the actions that are not over."""
    change = update(bulk_actions).where(_b.state.in_((BulkState.PREVIEWED, BulkState.RUNNING)))
    return change.values(state=BulkState.STOPPED, finished_at=now)


def running(connection: Connection) -> list[BulkActionRow]:
    """The actions that are to be carried out, oldest first."""
    query = select(bulk_actions).where(_RUNNING).order_by(_b.bulk_action_id)
    return [_action(row) for row in connection.execute(query)]


def take_item(connection: Connection, bulk_action_id: int) -> BulkItemRow | None:
    """The next row of a running action, locked until the commit; None if there is none for this process."""
    query = (
        select(bulk_items)
        .join(bulk_actions, _b.bulk_action_id == _i.bulk_action_id)
        .where(_i.bulk_action_id == bulk_action_id, _i.result.is_(None), _RUNNING)
        .order_by(_i.item_id)
        .limit(1)
        .with_for_update(of=bulk_items, skip_locked=True)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else _item(row)


def settle_item(connection: Connection, item_id: int, result: ItemResult, detail: str) -> None:
    """Store the result of a row."""
    change = update(bulk_items).where(_i.item_id == item_id, _i.result.is_(None))
    connection.execute(change.values(result=result, outcome_detail=detail))


def finish(connection: Connection, bulk_action_id: int, now: datetime) -> bool:
    """Finish an action of which every row is carried out; False if it is not, or was not running."""
    left = select(_i.item_id).where(_i.bulk_action_id == bulk_action_id, _i.result.is_(None)).exists()
    change = update(bulk_actions).where(_b.bulk_action_id == bulk_action_id, _RUNNING, ~left)
    done = connection.execute(change.values(state=BulkState.FINISHED, finished_at=now))
    return done.rowcount > 0


def delete_expired(connection: Connection, now: datetime) -> int:
    """Delete previews that nobody has confirmed; returns their number."""
    return connection.execute(delete(bulk_actions).where(_PREVIEWED, _b.expires_at <= now)).rowcount


def delete_old(connection: Connection, before: datetime, limit: int) -> tuple[int, bool]:
    """Delete `limit` rows of the oldest action that ended before a time, and the action with the last one.

    Returns how many rows were deleted, and whether there may be more.
    """
    ended = _b.state.in_((BulkState.FINISHED, BulkState.STOPPED)), _b.finished_at < before
    oldest = select(_b.bulk_action_id).where(*ended).order_by(_b.bulk_action_id).limit(1)
    number = connection.execute(oldest).scalar()
    if number is None:
        return 0, False
    first = select(_i.item_id).where(_i.bulk_action_id == number).limit(limit)
    deleted = connection.execute(delete(bulk_items).where(_i.item_id.in_(first))).rowcount
    if deleted < limit:
        connection.execute(delete(bulk_actions).where(_b.bulk_action_id == number))
    return deleted, True


def _action(row: AnyRow) -> BulkActionRow:
    return BulkActionRow(
        row.bulk_action_id,
        row.verb,
        json.loads(row.arguments),
        row.filter,
        row.more,
        row.actor,
        row.request_id,
        row.state,
        row.previewed_at,
        row.expires_at,
        row.confirmed_at,
        row.finished_at,
        row.preview,
        row.list_path,
    )


def _item(row: AnyRow) -> BulkItemRow:
    expected = json.loads(row.expected)
    return BulkItemRow(row.item_id, row.bulk_action_id, row.subject, expected, row.result, row.outcome_detail)
