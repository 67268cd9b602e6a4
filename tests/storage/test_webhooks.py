"""Webhooks in the database: endpoints, secrets, claims, attempts; on both engines."""

from dataclasses import asdict
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from monitor.events.kind import EventKind
from monitor.events.webhooks import DisabledReason
from monitor.model.target import Metric
from monitor.webhooks.subscription import Subscription
from storage import events, forgetting, old_rows, webhook_deliveries, webhook_log, webhook_secrets, webhooks
from storage.engine import Database
from storage.errors import NotFoundError, TooManyEndpointsError, WrongStateError
from storage.webhook_deliveries import CLAIMED_FOR
from storage.webhook_secrets import OVERLAP
from tests.builders import DAY, HOUR, INSTANT, MINUTE, NOW, SECOND, an_event, an_order
from tests.storage.shop import at_once, everything, rows_of, sell
from tests.storage.webhook_rows import (
    ACCEPTED,
    REFUSED,
    an_endpoint,
    claim,
    dispatch,
    happen,
    log,
    record,
    states,
)

FILTERS = {"kinds": ("drop.*", "refill.dead"), "services": ("1234", "ü"), "metrics": (Metric.LIKES,)}


def test_an_endpoint_is_kept_with_its_subscription(database: Database) -> None:
    endpoint_id = an_endpoint(database, "https://hooks.test:8443/x", **FILTERS)
    with database.read() as tx:
        (row,) = webhooks.listed(tx)
        assert row == webhooks.get(tx, endpoint_id)
    assert (row.host, row.subscription) == ("hooks.test", Subscription(**FILTERS))  # type: ignore[arg-type]
    assert (row.failing_since, row.paused_until, row.disabled_at, row.disabled_reason) == (None,) * 4


def test_there_is_a_highest_number_of_endpoints(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Because each has threads of its own."""
    monkeypatch.setattr(webhooks, "MOST_ENDPOINTS", 1)
    an_endpoint(database)
    with pytest.raises(TooManyEndpointsError, match="there are 1 endpoints; remove one first"):
        an_endpoint(database)


def test_a_removed_endpoint_takes_secrets_deliveries_and_attempts_with_it(database: Database) -> None:
    endpoint_id = an_endpoint(database)
    happen(database, "graph")
    dispatch(database, endpoint_id)
    record(database, claim(database, endpoint_id), ACCEPTED)
    with database.write() as tx:
        webhooks.remove(tx, endpoint_id)
    left = [rows for table, rows in everything(database).items() if table.startswith("webhook_")]
    assert left == [[]] * 4
    with pytest.raises(NotFoundError), database.write() as tx:
        webhooks.remove(tx, endpoint_id)


# Secrets


def secrets(database: Database, endpoint_id: int, after: timedelta) -> tuple[str, ...]:
    with database.read() as tx:
        return webhook_secrets.signing(tx, endpoint_id, NOW + after).values


def rotate(database: Database, endpoint_id: int, after: timedelta) -> str:
    with database.write() as tx:
        return webhook_secrets.create(tx, endpoint_id, NOW + after)


def test_after_a_rotation_both_secrets_sign_for_a_day(database: Database) -> None:
    """The new one first; then the old one is deleted."""
    endpoint_id = an_endpoint(database)
    (first,) = secrets(database, endpoint_id, SECOND)
    second = rotate(database, endpoint_id, HOUR)
    assert first != second
    assert secrets(database, endpoint_id, HOUR + OVERLAP - INSTANT) == (second, first)
    assert secrets(database, endpoint_id, HOUR + OVERLAP) == (second,)
    for after, left in ((HOUR + OVERLAP - INSTANT, [first, second]), (HOUR + OVERLAP, [second])):
        with database.write() as tx:
            webhook_secrets.delete_retired(tx, NOW + after)
        assert [row.secret for row in rows_of(database, "webhook_secrets")] == left


def test_a_secret_is_shown_nowhere(database: Database) -> None:
    """Neither by endpoints, claims or errors, nor in any table but its own."""
    endpoint_id = an_endpoint(database)
    happen(database, "graph")
    dispatch(database, endpoint_id)
    claimed = claim(database, endpoint_id)
    assert claimed is not None
    (secret,) = claimed.secrets.values
    with database.read() as tx:
        shown = repr((claimed, webhooks.listed(tx), log(database, endpoint_id)))
    assert secret not in shown
    tables = everything(database)
    del tables["webhook_secrets"]
    assert secret not in repr(tables)
    with pytest.raises(IntegrityError) as caught, database.write() as tx:
        webhook_secrets.create(tx, endpoint_id + 1, NOW)
    assert "whsec_" not in str(caught.value)


# Claims


def test_a_message_is_claimed_by_one_process_at_a_time(database: Database) -> None:
    """However many try."""
    endpoint_id = an_endpoint(database)
    happen(database, *(f"source {number}" for number in range(12)))
    dispatch(database, endpoint_id)

    def claim_three(_worker: int) -> list[int]:
        taken = [claim(database, endpoint_id) for _ in range(3)]
        return [one.delivery_id for one in taken if one is not None]

    taken = [number for worker in at_once(4, claim_three) for number in worker]
    while (one := claim(database, endpoint_id)) is not None:
        taken.append(one.delivery_id)
    assert len(taken) == len(set(taken)) == 12


def test_a_claim_that_was_never_recorded_ends_after_a_minute(database: Database) -> None:
    """The process was killed: the message is sent again, under the same id."""
    endpoint_id = an_endpoint(database)
    happen(database, "graph")
    dispatch(database, endpoint_id)
    first = claim(database, endpoint_id)
    assert claim(database, endpoint_id, NOW + CLAIMED_FOR - INSTANT) is None
    second = claim(database, endpoint_id, NOW + CLAIMED_FOR)
    assert first is not None
    assert second is not None
    assert (second.delivery_id, second.event) == (first.delivery_id, first.event)
    record(database, first, REFUSED)
    assert states(database, endpoint_id) == ["pending"]
    assert log(database, endpoint_id)[0].attempts == 0, "the claim belongs to somebody else"
    record(database, second, ACCEPTED)
    assert states(database, endpoint_id) == ["delivered"]


def test_messages_are_claimed_in_the_order_in_which_they_are_due(database: Database) -> None:
    endpoint_id = an_endpoint(database)
    happen(database, "first", "second")
    dispatch(database, endpoint_id)
    failed = claim(database, endpoint_id)
    record(database, failed, REFUSED)
    second = claim(database, endpoint_id)
    assert second is not None
    assert second.event.subject.source == "second"
    assert claim(database, endpoint_id, NOW + 5 * SECOND - INSTANT) is None
    again = claim(database, endpoint_id, NOW + 5 * SECOND)
    assert again is not None
    assert again.event.subject.source == "first"


def test_every_attempt_is_in_the_log(database: Database) -> None:
    endpoint_id = an_endpoint(database)
    happen(database, "graph")
    dispatch(database, endpoint_id)
    record(database, claim(database, endpoint_id), REFUSED)
    record(database, claim(database, endpoint_id, NOW + MINUTE), ACCEPTED, NOW + MINUTE)
    (row,) = log(database, endpoint_id)
    with database.read() as tx:
        attempts = [asdict(one) for one in webhook_log.attempts_of(tx, row.delivery_id)]
    assert attempts == [
        {"at": NOW - SECOND, "status": 500, "error": "status 500", "milliseconds": 1000, "response": "no"},
        {"at": NOW + MINUTE - SECOND, "status": 200, "error": "", "milliseconds": 1000, "response": "ok"},
    ]
    assert (row.state, row.attempts, row.status, row.error) == ("delivered", 2, 200, "")
    assert (row.finished_at, row.next_try_at) == (NOW + MINUTE, None)


def test_after_the_last_attempt_a_message_is_given_up(database: Database) -> None:
    endpoint_id = an_endpoint(database)
    happen(database, "graph")
    dispatch(database, endpoint_id)
    record(database, claim(database, endpoint_id), REFUSED, attempts=10)
    assert states(database, endpoint_id) == ["failed"]


def test_nothing_is_claimed_for_an_endpoint_that_rests_or_is_disabled(database: Database) -> None:
    """A pause is never shortened; what was pending when it was disabled is given up."""
    endpoint_id = an_endpoint(database)
    happen(database, "graph")
    dispatch(database, endpoint_id)
    with database.write() as tx:
        webhooks.note_failure(tx, webhooks.get(tx, endpoint_id), NOW, NOW + HOUR)
        webhooks.note_failure(tx, webhooks.get(tx, endpoint_id), NOW + SECOND, NOW + MINUTE)
    assert claim(database, endpoint_id, NOW + HOUR - INSTANT) is None
    with database.write() as tx:
        assert webhooks.ready(tx, NOW + HOUR) == [endpoint_id]
        endpoint = webhooks.get(tx, endpoint_id)
        assert endpoint.failing_since == NOW
        webhooks.disable(tx, endpoint, DisabledReason.GONE, NOW + HOUR)
        webhooks.disable(tx, webhooks.get(tx, endpoint_id), DisabledReason.FAILING, NOW + DAY)
    assert claim(database, endpoint_id, NOW + DAY) is None
    assert states(database, endpoint_id) == ["failed"]
    (_, told) = rows_of(database, "events")
    assert (told.kind, told.at, told.alert) == (EventKind.WEBHOOK_DISABLED, NOW + HOUR, "pending")
    assert '"failed": 1' in told.payload


def test_an_enabled_endpoint_begins_anew(database: Database) -> None:
    endpoint_id = an_endpoint(database)
    with pytest.raises(WrongStateError, match="is enabled"), database.write() as tx:
        webhooks.enable(tx, endpoint_id)
    with database.write() as tx:
        webhooks.note_failure(tx, webhooks.get(tx, endpoint_id), NOW, NOW + HOUR)
        webhooks.disable(tx, webhooks.get(tx, endpoint_id), DisabledReason.GONE, NOW)
        webhooks.enable(tx, endpoint_id)
        assert webhooks.ready(tx, NOW) == [endpoint_id]
        assert webhooks.get(tx, endpoint_id).failing_since is None


def test_messages_can_be_sent_again_whatever_became_of_them(database: Database) -> None:
    """Also those that were never planned; each once."""
    endpoint_id = an_endpoint(database)
    happen(database, "done", "waiting")
    dispatch(database, endpoint_id)
    record(database, claim(database, endpoint_id), ACCEPTED)
    happen(database, "missed")
    dispatch(database)
    ids = [row.event_id for row in rows_of(database, "events")]
    with database.write() as tx:
        webhook_deliveries.send_again(tx, endpoint_id, ids, NOW + HOUR)
    rows = log(database, endpoint_id)
    assert [(row.state, row.attempts, row.next_try_at) for row in rows] == [("pending", 0, NOW + HOUR)] * 3


# New events


def test_an_event_is_taken_up_once(database: Database) -> None:
    happen(database, "a", "b")
    assert (dispatch(database), dispatch(database)) == (2, 0)


def test_an_event_with_a_lower_id_that_is_committed_later_is_not_missed(postgresql: Database) -> None:
    """A cursor over the ids would have passed it."""
    endpoint_id = an_endpoint(postgresql)
    with postgresql.write() as slow:
        events.add(slow, an_event(EventKind.DISK_LOW, "slow"), NOW)
        happen(postgresql, "quick")
        assert dispatch(postgresql, endpoint_id) == 1
    assert dispatch(postgresql, endpoint_id) == 1
    first, second = (row.event_id for row in reversed(log(postgresql, endpoint_id)))
    assert first > second


def test_several_processes_take_different_events(postgresql: Database) -> None:
    endpoint_id = an_endpoint(postgresql)
    happen(postgresql, *(str(number) for number in range(40)))
    counts = at_once(4, lambda _worker: dispatch(postgresql, endpoint_id))
    while taken := dispatch(postgresql, endpoint_id):
        counts.append(taken)
    assert sum(counts) == len(log(postgresql, endpoint_id)) == 40


# Forgetting and retention


def test_forgetting_a_customer_removes_messages_and_answers_about_him(database: Database) -> None:
    """A receiver may have repeated his name."""
    endpoint_id = an_endpoint(database)
    sell(database, an_order("1", "erika", customer="Erika"))
    dispatch(database)
    happen(database, "x", event=an_event(EventKind.DROP_HELD, "erika", "1"))
    happen(database, "other")
    dispatch(database, endpoint_id)
    for _ in range(2):
        record(database, claim(database, endpoint_id), REFUSED)
    with database.write() as tx:
        (one,) = forgetting.targets_of_customer(tx, "Erika")
        forgetting.forget(tx, "Erika", one, NOW)
    (left,) = log(database, endpoint_id)
    assert left.kind is EventKind.SOURCE_BLOCKED
    assert len(rows_of(database, "webhook_attempts")) == 1


def test_old_deliveries_are_deleted_and_pending_ones_kept_with_their_events(database: Database) -> None:
    endpoint_id = an_endpoint(database)
    happen(database, "done", "waiting")
    dispatch(database, endpoint_id)
    record(database, claim(database, endpoint_id), ACCEPTED)
    with database.write() as tx:
        tx.exec_driver_sql("UPDATE events SET alert = 'sent'")
        old_rows.delete_batch(tx, "webhook_deliveries", NOW + DAY, 10)
        old_rows.delete_batch(tx, "events", NOW + DAY, 10)
    assert states(database, endpoint_id) == ["pending"]
    assert rows_of(database, "webhook_attempts") == []
    assert [row.source for row in rows_of(database, "events")] == ["waiting"]


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        (
            "webhook_deliveries SET state = 'lost', next_try_at = NULL, finished_at = 1",
            "ck_webhook_deliveries_known_state",
        ),
        ("webhook_deliveries SET next_try_at = NULL", "ck_webhook_deliveries_pending_has_a_time"),
        ("webhook_deliveries SET finished_at = 1", "ck_webhook_deliveries_finished_has_a_time"),
        ("webhook_endpoints SET disabled_at = 1", "ck_webhook_endpoints_disabled_has_a_reason"),
    ],
)
def test_the_database_refuses_impossible_rows(database: Database, change: str, constraint: str) -> None:
    endpoint_id = an_endpoint(database)
    happen(database, "graph")
    dispatch(database, endpoint_id)
    with pytest.raises(IntegrityError, match=constraint), database.write() as tx:
        tx.exec_driver_sql(f"UPDATE {change}")
