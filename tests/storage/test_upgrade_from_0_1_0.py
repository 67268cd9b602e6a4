"""A filled database of release 0.1.0 (revision 0003) keeps every value through `migrate.upgrade`.

The rows are SQL with the names of that release; the expected rows are written out with the names of
this version. Values within a row differ, so that two swapped columns would show.
"""

import os
import subprocess
import sys
from pathlib import Path
from signal import SIGKILL
from typing import Any

import pytest
from alembic import command
from sqlalchemy import inspect

from storage import migrate, partitions, revision
from storage.engine import Database

ROOT = Path(__file__).parent.parent.parent
ROWS_OF_0_1_0 = """
INSERT INTO targets (target_id, link, kind, key, metric, owner, next_due_at, lane, why, last_look_at,
    last_outcome, failures, last_count, last_count_at, counted, zero_seen, private_since, account,
    username_now, absences, absent_since, gone_at, told, judged_at, drop_opened_at, source, together,
    unread_by, unread_since, counted_by, shift, virtual_due, stream, rests_until, taken_until, over_at,
    last_call_slot, last_call_value, memo, calm_least, calm_until, judged_from, judged_until)
VALUES (7, 'https://www.instagram.com/p/AAA/', 'post', 'AAA', 'likes', 'natgeo', 101, 2, 'routine', 102,
    'transient', 3, 2000, 104, 'edge_liked_by', true, 105, '17',
    'renamed', 4, 106, 107, 'gone', 108, 109, 'graph', 'profile:natgeo',
    'instaloader', 110, 'simulated', -11, 12.5, 'likes 30d', 111, 112, 113,
    14, 15.25, 'memo text', 1900, 114, 115, 116);
INSERT INTO snapshots (target_id, at, outcome, count, source, counted, detail, shift)
VALUES (7, 201, 'count', 2001, 'graph', 'like_count', 'a detail', -12);
INSERT INTO orders (order_id, target_id, service, link_typed, quantity, remains, status, completed_at,
    start_count, start_measured, terms, provider, customer, price, currency, imported_at, updated_at,
    terms_from, settled_look_at)
VALUES ('o-1', 7, 'likes', '@natgeo', 1000, 10, 'Partial', 301,
    500, true, '{"window": 1}', 'a provider', 'a customer', '12.50', 'EUR', 302, 303,
    'service', 304);
INSERT INTO order_flags (order_id, flag, set_at) VALUES ('o-1', 'dispute', 401);
INSERT INTO drops (drop_id, order_id, state, opened_at, looks, confirmed_at, closed_at, claim, count, line,
    decision, reason)
VALUES (21, 'o-1', 'refilled', 501, 2, 502, 503, 300, 1200, 1500, 'refill', 'drop_confirmed');
INSERT INTO decisions (decision_id, drop_id, order_id, at, decision, reason, quantity, count, line, claim)
VALUES (31, 21, 'o-1', 601, 'hold', 'mass_drop', 250, 1201, 1501, 301);
INSERT INTO refills (refill_id, order_id, number, drop_id, metric, quantity, reason, state, attempt,
    created_at, queued_at, available_at, lease_token, leased_until, consumer, completed_at, delivered,
    external_id, last_error, done_token, done_verb, done_state, release_at)
VALUES (41, 'o-1', 1, 21, 'likes', 300, 'drop_confirmed', 'completed', 2,
    701, 702, 703, NULL, NULL, 'panel', 704, 290,
    'x-9', 'an error', 'token one', 'complete', 'done state', 705),
    (42, 'o-1', 2, 21, 'likes', 310, 'below_start_count', 'claimed', 3,
    711, 712, 713, 'token two', 714, 'cron', NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO refill_events (event_id, refill_id, at, state, detail) VALUES (51, 41, 801, 'queued', 'approved');
INSERT INTO requests (request_id, order_id, at, answered_at, granted) VALUES (61, 'o-1', 901, 902, true);
INSERT INTO reviews (review_id, order_id, cause, refill_id, units, share, currency, opened_at, closed_at,
    note)
VALUES (71, 'o-1', 'refill_given_up', 41, 290, '3.75', 'USD', 1001, 1002, 'a note');
INSERT INTO outbox (alert_id, kind, text, order_id, link, created_at, state, attempts, next_try_at, sent_at,
    last_error)
VALUES (81, 'drop.held', 'a text', 'o-1', 'a link', 1101, 'pending', 4, 1102, NULL, 'no answer'),
    (82, 'refill.dead', 'b text', NULL, NULL, 1111, 'sent', 5, NULL, 1112, NULL);
INSERT INTO mass_drops (mass_drop_id, metric, started_at, judged, fallen, ended_at)
VALUES (91, 'views', 1201, 30, 20, 1202);
INSERT INTO tokens (token_id, name, digest, scopes, created_at, revoked_at)
VALUES (95, 'panel', 'abc', 'read write', 1301, 1302);
INSERT INTO source_state (source, paused_until, stopped, reason, refusals, level, refused_at, doubts, doubted,
    faulted, used_percent, used_at, wait_until, proving)
VALUES ('graph', 1401, true, 'rate_limited', 2, 3, 1402, 4, 'profile:a', 'profile:b', 85, 1403, 1404, true);
INSERT INTO source_requests (request_id, source, at, purpose, looks) VALUES (96, 'graph', 1501, 'check', 5);
INSERT INTO source_reads (source, metric, last_count_at) VALUES ('graph', 'likes', 1601);
INSERT INTO hazard_cells (service, age, margin, slope, span, events, exposure)
VALUES ('likes 30d', 1, 2, 3, 4, 5.5, 6.25);
INSERT INTO cadence_clocks (source, clock) VALUES ('graph', '{"v": 1.5}');
INSERT INTO going_rates (currency, metric, units, amount) VALUES ('EUR', 'likes', 1000.5, 2.75);
"""

TARGET = {
    "target_id": 7, "link": "https://www.instagram.com/p/AAA/", "kind": "post", "key": "AAA",
    "metric": "likes", "owner": "natgeo", "next_due_at": 101, "priority": 2, "due_reason": "routine",
    "last_look_at": 102, "last_outcome": "transient", "failures": 3, "last_count": 2000,
    "last_count_at": 104, "count_kind": "edge_liked_by", "zero_seen": True, "private_since": 105,
    "account": "17", "source_account": None, "username_now": "renamed", "absences": 4,
    "absent_since": 106, "gone_at": 107,
    "notified_problem": "gone", "judged_at": 108, "drop_opened_at": 109, "source": "graph",
    "request_key": "profile:natgeo", "unseen_by": "instaloader", "unseen_since": 110,
    "series_source": "simulated", "count_offset": -11, "virtual_due": 12.5, "service_queue": "likes 30d",
    "not_before": 111, "claimed_until": 112, "coverage_ends_at": 113, "final_look_slot": 14,
    "final_look_value": 15.25, "cadence_state": "memo text", "noop_min_count": 1900, "noop_until": 114,
    "judged_from": 115, "judged_until": 116,
}  # fmt: skip
ORDER = {
    "order_id": "o-1", "target_id": 7, "service": "likes", "link_typed": "@natgeo", "quantity": 1000,
    "remains": 10, "status": "Partial", "completed_at": 301, "start_count": 500, "start_measured": True,
    "terms": '{"window": 1}', "provider": "a provider", "customer": "a customer", "price": "12.50",
    "currency": "EUR", "imported_at": 302, "updated_at": 303, "terms_from": "service",
    "settled_look_at": 304, "created_at": None, "base_lowered": 0, "base_at": None, "counted_at": None,
    "start_corrected": False, "backlog": False, "backlog_id": None, "forgotten_at": None,
    "listed_at": 301, "language": None,
}  # fmt: skip
COMPLETED_REFILL = {
    "refill_id": 41, "order_id": "o-1", "number": 1, "drop_id": 21, "metric": "likes", "quantity": 300,
    "reason": "drop_confirmed", "state": "completed", "attempt": 2, "created_at": 701, "queued_at": 702,
    "available_at": 703, "lease_token": None, "leased_until": None, "consumer": "panel",
    "completed_at": 704, "delivered": 290, "external_id": "x-9", "last_error": "an error",
    "done_token": "token one", "done_action": "complete", "done_state": "done state", "release_at": 705,
    "claim_service": "", "claim_provider": "", "claim_rank": 1, "hidden": False,
}  # fmt: skip
CLAIMED_REFILL = {
    "refill_id": 42, "order_id": "o-1", "number": 2, "drop_id": 21, "metric": "likes", "quantity": 310,
    "reason": "below_start_count", "state": "claimed", "attempt": 3, "created_at": 711, "queued_at": 712,
    "available_at": 713, "lease_token": "token two", "leased_until": 714, "consumer": "cron",
    "completed_at": None, "delivered": None, "external_id": None, "last_error": None,
    "done_token": None, "done_action": None, "done_state": None, "release_at": None,
    "claim_service": "likes", "claim_provider": "a provider", "claim_rank": 0, "hidden": True,
}  # fmt: skip
NO_SUBJECT = dict.fromkeys(
    ("refill_id", "metric", "source", "service", "provider", "request_id", "routed_at")
) | {"actor": ""}
BY_THE_UPGRADE: dict[str, list[dict[str, Any]]] = {
    "queued_units": [
        {
            "refill_id": refill_id,
            "at": at,
            "service": "likes",
            "provider": "a provider",
            "price": "12.50",
            "currency": "EUR",
            "ordered": 1000,
            "units": units,
        }
        for refill_id, at, units in ((41, 801, 300), (42, 712, 310))
    ],
    "operating_days": [{"day": 0}],  # the day of the snapshot
    "retention_progress": [],
}
ROWS_NOW: dict[str, list[dict[str, Any]]] = {
    "targets": [TARGET],
    "snapshots": [
        {"target_id": 7, "at": 201, "outcome": "count", "count": 2001, "source": "graph",
         "count_kind": "like_count", "detail": "a detail", "count_offset": -12},
    ],
    "orders": [ORDER],
    "order_corrections": [],
    "backlogs": [],
    "bulk_actions": [],
    "bulk_items": [],
    "users": [],
    "user_sessions": [],
    "sign_in_attempts": [],
    "daily_cap_alerts": [],
    "daemons": [],
    "transfers": [],
    "webhook_endpoints": [],
    "webhook_secrets": [],
    "webhook_deliveries": [],
    "webhook_attempts": [],
    "alert_channels": [],
    "routed_alerts": [],
    "alert_groups": [],
    "problems": [],
    "silences": [],
    "notifications": [],
    "notification_events": [],
    "buyer_keys": [],
    "buyer_links": [],
    "survival_runs": [],
    "survival_curves": [],
    "survival_points": [],
    "guarantee_costs": [],
    "deliveries": [],
    "digests": [],
    "self_checks": [],
    "idempotency_keys": [],
    "job_holders": [],
    "imports": [{"what": "orders", "last_at": 303}],
    "order_flags": [{"order_id": "o-1", "flag": "dispute", "set_at": 401}],
    "drops": [
        {"drop_id": 21, "order_id": "o-1", "state": "refilled", "opened_at": 501, "looks": 2,
         "confirmed_at": 502, "closed_at": 503, "claim": 300, "count": 1200, "line": 1500,
         "decision": "refill", "reason": "drop_confirmed", "backlog": False},
    ],
    "decisions": [
        {"decision_id": 31, "drop_id": 21, "order_id": "o-1", "at": 601, "decision": "hold",
         "reason": "mass_drop", "quantity": 250, "count": 1201, "line": 1501, "claim": 301},
    ],
    "refills": [COMPLETED_REFILL, CLAIMED_REFILL],
    "refill_events": [{"event_id": 51, "refill_id": 41, "at": 801, "state": "queued", "detail": "approved"}],
    "requests": [{"request_id": 61, "order_id": "o-1", "at": 901, "answered_at": 902, "granted": True}],
    "reviews": [
        {"review_id": 71, "order_id": "o-1", "cause": "refill_given_up", "refill_id": 41, "units": 290,
         "share": "3.75", "currency": "USD", "opened_at": 1001, "closed_at": 1002, "note": "a note"},
    ],
    "events": [
        {"event_id": 1, "kind": "drop.held", "version": 0, "severity": "warning", "status": "occurred",
         "dedup_key": "drop.held/81", "order_id": "o-1", "link": "a link", "at": 1101, "alert": "pending",
         "dispatched": True, "payload": '{"text":"a text"}'} | NO_SUBJECT,
        {"event_id": 2, "kind": "refill.dead", "version": 0, "severity": "warning", "status": "occurred",
         "dedup_key": "refill.dead/82", "order_id": None, "link": None, "at": 1111, "alert": "sent",
         "dispatched": True, "payload": '{"text":"b text"}'} | NO_SUBJECT,
    ],
    "mass_drops": [
        {"mass_drop_id": 91, "metric": "views", "started_at": 1201, "judged": 30, "fallen": 20, "told": 20,
         "ended_at": 1202},
    ],
    "tokens": [
        {"token_id": 95, "name": "panel", "digest": "abc", "scopes": "read write", "created_at": 1301,
         "revoked_at": 1302, "expires_at": None, "requests_per_minute": None, "rotated_at": None,
         "old_digest": None, "old_expires_at": None},
    ],
    "token_uses": [],
    "queue_pauses": [],
    "source_state": [
        {"source": "graph", "paused_until": 1401, "stopped": True, "reason": "rate_limited", "detail": "",
         "refusals": 2, "level": 3, "refused_at": 1402, "blocked_since": None, "suspected_refusals": 4,
         "suspected_target": "profile:a",
         "failed_targets": "profile:b", "used_percent": 85, "used_at": 1403, "wait_until": 1404,
         "half_open": True},
    ],
    "source_requests": [{"request_id": 96, "source": "graph", "at": 1501, "purpose": "check", "looks": 5}],
    "source_reads": [{"source": "graph", "metric": "likes", "last_count_at": 1601}],
    "hazard_cells": [
        {"service": "likes 30d", "age": 1, "margin": 2, "slope": 3, "span": 4, "events": 5.5,
         "exposure": 6.25},
    ],
    "virtual_times": [{"source": "graph", "state": '{"v": 1.5}'}],
    "unit_prices": [{"currency": "EUR", "metric": "likes", "units": 1000.5, "amount": 2.75}],
}  # fmt: skip


LAST = f"UPDATE alembic_version SET version_num='{revision.newest()}'"
MOMENTS = {
    "sqlite": ("CREATE TABLE webhook_endpoints", LAST),
    "postgresql": ("CREATE TABLE webhook_endpoints", "ALTER TABLE events ATTACH PARTITION", LAST),
}


@pytest.fixture
def filled(empty: Database) -> Database:
    """A database of release 0.1.0 with a row in every table."""
    config = migrate._config()
    with empty.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        for statement in ROWS_OF_0_1_0.strip().removesuffix(";").split(";\n"):
            connection.exec_driver_sql(statement)
    return empty


def stored(database: Database) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables as the database itself returns them, in the order of their first column."""
    rows = {}
    with database.read() as connection:
        hidden = {"alembic_version"} | partitions.names(connection)
        for table in sorted(set(inspect(connection).get_table_names()) - hidden):
            found = connection.exec_driver_sql(f"SELECT * FROM {table} ORDER BY 1")
            rows[table] = [dict(row) for row in found.mappings()]
    return rows


def test_the_rows_of_0_1_0_fill_every_column_of_every_table(filled: Database) -> None:
    """So that the upgrade below is checked for every column."""
    empty_columns = [
        f"{table}.{column}"
        for table, rows in stored(filled).items()
        for column in (rows[0] if rows else ["*"])
        if all(row[column] is None for row in rows)
    ]
    assert empty_columns == []


@pytest.mark.parametrize(("empty", "moments"), MOMENTS.items(), indirect=["empty"])
def test_an_upgrade_that_is_killed_can_be_run_again(filled: Database, moments: tuple[str, ...]) -> None:
    """What was there before is there after each kill, and every value after the upgrade that ends."""
    before = stored(filled)
    for moment in moments:
        assert killed(filled, moment) == -SIGKILL
        assert stored(filled) == before
    migrate.upgrade(filled)
    assert stored(filled) == dict(sorted((ROWS_NOW | BY_THE_UPGRADE).items()))


def killed(database: Database, moment: str) -> int:
    """Run the command until a moment; returns the end of its process."""
    command = [sys.executable, "-m", "tests.storage.killed_upgrade", "db", "upgrade", moment]
    url = database.url
    environ = os.environ | {"REFILLD_DATABASE__URL": url}
    return subprocess.run(command, cwd=ROOT, env=environ, check=False, timeout=60).returncode


def test_an_upgrade_from_0_1_0_keeps_every_value(filled: Database) -> None:
    """Under the names of this version, and without tables or columns of the old ones."""
    migrate.upgrade(filled)
    assert stored(filled) == dict(sorted((ROWS_NOW | BY_THE_UPGRADE).items()))
    assert migrate.differences(filled) == []
