"""What a claim takes: filters, pauses, and what a buyer asked for, against a naive model."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, update

from monitor.model.queue_part import WHOLE_QUEUE, PartKind, QueuePart
from monitor.model.target import Metric
from storage import claim_columns, leases, queue_pauses, requests
from storage.actor import Actor, acting
from storage.claim_selection import BY_AGE, ClaimFilter, first_ready
from storage.column_types import microseconds
from storage.engine import Database
from storage.queue_tables import queue_pauses as pauses_table
from storage.schema import refills as table
from storage.schema import targets
from tests import lease_calls
from tests.builders import DAY, HOUR, MINUTE, NOW, a_profile, an_order
from tests.effort import EFFORT
from tests.storage.lease_actions import claim, get, ids
from tests.storage.shop import owe, queue, rows_of, sell

ACME = QueuePart(PartKind.PROVIDER, "acme")
METRICS, SERVICES, PROVIDERS = tuple(Metric)[:2], ("a", "b"), ("", "x", "y")
Row = dict[str, object]
ROW = st.fixed_dictionaries(
    {
        "metric": st.sampled_from(METRICS),
        "claim_service": st.sampled_from(SERVICES),
        "claim_provider": st.sampled_from(PROVIDERS),
        "claim_rank": st.sampled_from([0, 1]),
        "hidden": st.booleans(),
        "minutes": st.integers(-3, 3),
        "state": st.sampled_from(["queued", "queued", "queued", "held"]),
    }
)
PARTS = st.one_of(
    st.just(WHOLE_QUEUE),
    st.sampled_from(METRICS).map(lambda one: QueuePart(PartKind.METRIC, one)),
    st.sampled_from(SERVICES).map(lambda one: QueuePart(PartKind.SERVICE, one)),
    st.sampled_from(PROVIDERS[1:]).map(lambda one: QueuePart(PartKind.PROVIDER, one)),
)
WANTED = st.builds(
    ClaimFilter,
    st.frozensets(st.sampled_from(METRICS)),
    st.frozensets(st.sampled_from([*PROVIDERS[1:], "unknown"])),
    st.frozensets(st.sampled_from(SERVICES)),
    st.booleans(),
)


def test_a_claim_takes_what_a_naive_model_takes(database: Database) -> None:
    """For any refills, filters and pauses, in the same order; so does the look whether anything is ready."""
    refill_ids = queue(database, *(str(number) for number in range(8)))

    @settings(max_examples=40 * EFFORT, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        rows=st.lists(ROW, min_size=8, max_size=8),
        paused=st.just(set()) | st.sets(PARTS, max_size=2),
        wanted=WANTED | st.just(ClaimFilter()),
        limit=st.integers(1, 9),
    )
    def agrees(
        rows: list[dict[str, object]], paused: set[QueuePart], wanted: ClaimFilter, limit: int
    ) -> None:
        with database.write() as connection:
            connection.execute(delete(pauses_table))
            for part in paused:
                queue_pauses.pause(connection, part, "why", NOW)
            for refill_id, row in zip(refill_ids, rows, strict=True):
                _set(connection, refill_id, row)
            undone = connection.begin_nested()
            found = ids(leases.claim(connection, NOW, limit=limit, lease=HOUR, wanted=wanted))
            undone.rollback()
            ready = first_ready(connection, NOW, wanted)
        expected = _expected(dict(zip(refill_ids, rows, strict=True)), paused, wanted)
        assert found == [refill_id for *_, refill_id in expected][:limit]
        assert ready == (microseconds(NOW + expected[0][1] * MINUTE) if expected else None)

    agrees()


def _set(connection: Connection, refill_id: int, row: dict[str, object]) -> None:
    values = {name: value for name, value in row.items() if name != "minutes"}
    values["available_at"] = NOW + int(str(row["minutes"])) * MINUTE
    change = update(table).where(table.c.refill_id == refill_id).values(values)
    connection.execute(change)


def _expected(
    rows: dict[int, dict[str, object]], paused: set[QueuePart], wanted: ClaimFilter
) -> list[tuple[int, int, int]]:
    """Rank, minute and id of what may be claimed, in order."""
    found = []
    for refill_id, row in rows.items():
        parts = {
            WHOLE_QUEUE,
            *(
                QueuePart(kind, str(row[column]))
                for kind, column in (
                    (PartKind.METRIC, "metric"),
                    (PartKind.SERVICE, "claim_service"),
                    (PartKind.PROVIDER, "claim_provider"),
                )
                if row[column]
            ),
        }
        if row["state"] != "queued" or row["hidden"] or int(str(row["minutes"])) > 0 or parts & paused:
            continue
        for values, column in (
            (wanted.metrics, "metric"),
            (wanted.services, "claim_service"),
            (wanted.providers, "claim_provider"),
        ):
            if values and row[column] not in values:
                break
        else:
            rank = int(str(row["claim_rank"])) if wanted.buyers_first else 0
            found.append((rank, int(str(row["minutes"])), refill_id))
    return sorted(found)


# What refills are selected by


def test_a_refill_follows_the_provider_and_the_service_of_its_order(database: Database) -> None:
    """Also those of an import that came after its decision."""
    sell(database, an_order())
    with database.write() as connection:
        refill_id = owe(connection)
    wanted = ClaimFilter(providers=frozenset({"acme"}), services=frozenset({"followers"}))
    assert claim(database, wanted=wanted) == []
    sell(database, an_order(provider="acme"))
    assert ids(claim(database, wanted=wanted)) == [refill_id]


def test_a_new_refill_of_a_private_profile_is_hidden(database: Database) -> None:
    """A refill can be decided while the profile is private, as an operator's approval is."""
    sell(database, an_order())
    with database.write() as connection:
        connection.execute(update(targets).values(private_since=NOW))
        owe(connection)
    assert claim(database) == []


# What a buyer asked for


@pytest.mark.parametrize(
    ("asked_at", "answered_at", "first"),
    [(-HOUR, None, "2"), (-HOUR, timedelta(0), "2"), (-2 * HOUR, -HOUR, "1"), (None, None, "1")],
)
def test_a_refill_that_a_buyer_asked_for_is_claimed_before_older_ones(
    database: Database, asked_at: timedelta | None, answered_at: timedelta | None, first: str
) -> None:
    """If the request stood when the refill was decided; not if it was answered before."""
    queue(database, "1", at=NOW - DAY)
    sell(database, an_order("2", target=a_profile("other")))
    with database.write() as connection:
        if asked_at is not None:
            requests.ask(connection, "2", NOW + asked_at)
        if answered_at is not None:
            requests.answered(connection, "2", NOW + answered_at)
        owe(connection, "2", at=NOW)
    with database.read() as connection:
        oldest = leases.waiting_since(connection, NOW)
    (row, *_) = claim(database)
    assert (row.order_id, row.asked_for, oldest) == (first, first == "2", NOW - DAY)


def test_a_refill_rises_when_its_buyer_asks_for_it(database: Database) -> None:
    """Once, with an event of its own; by age it stays where it is."""
    old, young = queue(database, "1", at=NOW - DAY)[0], queue(database, "2")[0]
    with database.write() as connection, acting(Actor("page shop")):
        for _ in range(2):
            claim_columns.ask_for(connection, "2", NOW)
    told = [row for row in rows_of(database, "events") if row.kind == "refill.asked_for"]
    assert [(row.refill_id, row.order_id, row.actor) for row in told] == [(young, "2", "page shop")]
    assert get(database, young).asked_for
    assert not get(database, old).asked_for
    with database.read() as connection:
        assert first_ready(connection, NOW, BY_AGE) == microseconds(NOW - DAY)
    assert ids(claim(database, limit=1)) == [young]


# Pauses


def test_a_paused_part_is_not_claimed_until_it_is_resumed(database: Database) -> None:
    """Open leases are completed all the same, and the age of what waits is that of the rest."""
    sell(database, an_order("1", provider="acme"), an_order("2", target=a_profile("other")))
    with database.write() as connection:
        of_acme, other = owe(connection, "1", at=NOW - DAY), owe(connection, "2")
        (held,) = leases.claim(connection, NOW, limit=1, lease=HOUR)
        assert queue_pauses.pause(connection, ACME, "bots", NOW)
        lease_calls.complete(connection, of_acme, held.lease_token, NOW)
        assert leases.waiting_since(connection, NOW) == NOW
    assert ids(claim(database)) == [other]


@pytest.mark.parametrize("part", [WHOLE_QUEUE, QueuePart(PartKind.SERVICE, "followers")])
def test_a_resumed_part_is_claimed_again(database: Database, part: QueuePart) -> None:
    """Pausing twice keeps the first pause; resuming ends it."""
    refill_ids = queue(database, "1")
    with database.write() as connection, acting(Actor("cli root")):
        done = [queue_pauses.pause(connection, part, why, NOW) for why in ("first", "second")]
        assert leases.waiting_since(connection, NOW) is None
        (pause,) = queue_pauses.listed(connection)
    assert (done, pause.part, pause.why, pause.paused_by) == ([True, False], part, "first", "cli root")
    assert claim(database) == []
    with database.write() as connection:
        assert [queue_pauses.resume(connection, part, "over", NOW) for _ in range(2)] == [True, False]
    assert ids(claim(database)) == refill_ids
    kinds = [row.kind for row in rows_of(database, "events") if row.kind.startswith("queue.")]
    assert kinds == ["queue.paused", "queue.resumed"]
