"""The stored state of a source: breaker, rate limit state, and the requests that its budget counts."""

from dataclasses import fields
from datetime import datetime

from monitor.model.target import Metric
from monitor.sources.breaker import Breaker
from monitor.sources.budget import BEGINNING, Purpose
from monitor.sources.rate_limit_state import RateLimitState
from storage import sources
from storage.engine import Database
from tests.builders import DAY, HOUR, INSTANT, MINUTE, NOW
from tests.storage.shop import at_once, rows_of

TRIPPED = Breaker(
    paused_until=NOW + HOUR, stopped=True, reason="rate_limited", detail="too many requests", refusals=3,
    level=5, refused_at=NOW - INSTANT, blocked_since=NOW - HOUR, suspected_refusals=1, suspected_target="https://a/",
    failed_targets="https://b/ https://c/", half_open=True,
)  # fmt: skip


def save(database: Database, source: str, state: Breaker) -> None:
    with database.write() as connection:
        sources.save_breaker(connection, source, state)


def breaker(database: Database, source: str) -> Breaker:
    with database.write() as connection:
        return sources.breaker(connection, source)


def latest(database: Database, source: str) -> list[datetime]:
    """Times of all requests to a source, newest first."""
    rows = rows_of(database, "source_requests")
    return sorted((row.at for row in rows if row.source == source), reverse=True)


def nth(database: Database, n: int, since: datetime = BEGINNING) -> datetime | None:
    with database.read() as connection:
        return sources.nth_request(connection, "graph", n, since)


# Breakers


def test_an_unknown_source_has_a_new_breaker(database: Database) -> None:
    """Reading it writes nothing."""
    assert breaker(database, "graph") == Breaker()
    assert rows_of(database, "source_state") == []


def test_every_field_of_a_breaker_survives_the_round_trip(database: Database) -> None:
    """A restart loses nothing."""
    plain = Breaker()
    assert [f.name for f in fields(Breaker) if getattr(TRIPPED, f.name) == getattr(plain, f.name)] == []
    save(database, "graph", TRIPPED)
    assert breaker(database, "graph") == TRIPPED


def test_the_states_of_all_sources_are_read_at_once(database: Database) -> None:
    """Without a lock, so that a report never keeps a source from looking."""
    breaker, rate_limit = Breaker(stopped=True, reason="blocked"), RateLimitState(93, NOW, NOW + HOUR)
    with database.write() as connection:
        sources.save_breaker(connection, "graph", breaker)
        sources.save_rate_limit_state(connection, "instaloader", rate_limit)
    with database.read() as connection:
        assert sources.states(connection) == {
            "graph": (breaker, RateLimitState()),
            "instaloader": (Breaker(), rate_limit),
        }


def test_saving_a_breaker_updates_its_row(database: Database) -> None:
    """Also back to a new one; other sources keep theirs."""
    for source in ("graph", "instaloader"):
        save(database, source, TRIPPED)
    save(database, "graph", Breaker())
    assert (breaker(database, "graph"), breaker(database, "instaloader")) == (Breaker(), TRIPPED)


def test_concurrent_first_saves_of_a_breaker_leave_one_row(database: Database) -> None:
    """As when two daemons are refused at the same time."""
    at_once(6, lambda i: save(database, "graph", Breaker(level=i)))
    assert len(rows_of(database, "source_state")) == 1


# Rate limit state


def test_the_rate_limit_state_and_the_breaker_do_not_overwrite_each_other(database: Database) -> None:
    """Neither overwrites the other, whichever is saved first."""
    heard = RateLimitState(91, NOW - INSTANT, NOW + HOUR)
    with database.write() as connection:
        assert sources.rate_limit_state(connection, "graph") == RateLimitState()
        sources.save_rate_limit_state(connection, "graph", heard)
        assert sources.breaker(connection, "graph") == Breaker()
        sources.save_breaker(connection, "graph", TRIPPED)
        assert sources.rate_limit_state(connection, "graph") == heard
        sources.save_rate_limit_state(connection, "graph", RateLimitState())
        assert (sources.breaker(connection, "graph"), sources.rate_limit_state(connection, "graph")) == (
            TRIPPED,
            RateLimitState(),
        )
        assert sources.rate_limit_state(connection, "instaloader") == RateLimitState()


# Requests


def test_the_nth_newest_request_after_a_moment_is_found(database: Database) -> None:
    """That time itself is not included; None if there are fewer; other sources do not count."""
    with database.write() as connection:
        sources.note_requests(connection, "graph", NOW - MINUTE, 2)
        sources.note_requests(connection, "graph", NOW, 1)
        sources.note_requests(connection, "graph", NOW - HOUR, 1)
        sources.note_requests(connection, "instaloader", NOW, 9)
    found = [nth(database, n) for n in range(1, 6)]
    assert found == [NOW, NOW - MINUTE, NOW - MINUTE, NOW - HOUR, None]
    assert [nth(database, n, NOW - HOUR) for n in (3, 4)] == [NOW - MINUTE, None]
    assert nth(database, 1, NOW) is None


def test_requests_are_separate_per_source(database: Database) -> None:
    """Each has a budget of its own."""
    with database.write() as connection:
        sources.note_requests(connection, "graph", NOW, 1)
    assert latest(database, "instaloader") == []


def test_requests_after_a_moment_are_counted_with_the_looks_they_served(database: Database) -> None:
    """The moment itself does not count, and neither do other sources."""
    with database.write() as connection:
        for at in (NOW - INSTANT, NOW, NOW + INSTANT, NOW + HOUR):
            sources.note_requests(connection, "graph", at, 2, looks=7)
        assert sources.served(connection, "graph", NOW) == (4, 14)
        assert sources.served(connection, "instaloader", NOW) == (0, 0)


def test_a_request_is_stored_with_its_purpose(database: Database) -> None:
    """Several at once are separate rows; their looks are counted once."""
    with database.write() as connection:
        sources.note_requests(connection, "graph", NOW, 1)
        sources.note_requests(connection, "graph", NOW, 2, purpose=Purpose.CHECK, looks=3)
    rows = [(row.purpose, row.looks) for row in rows_of(database, "source_requests")]
    assert sorted(rows) == [("check", 0), ("check", 3), ("look", 0)]


def test_storing_no_requests_writes_no_row(database: Database) -> None:
    """An answer from a cache needs no request."""
    with database.write() as connection:
        sources.note_requests(connection, "graph", NOW, 0)
        sources.note_requests(connection, "graph", NOW, -1)
    assert rows_of(database, "source_requests") == []


def test_old_requests_are_deleted(database: Database) -> None:
    """The given time itself is kept, because a budget may still count it."""
    with database.write() as connection:
        for at in (NOW - INSTANT, NOW, NOW + INSTANT):
            sources.note_requests(connection, "graph", at, 1)
        sources.forget_requests(connection, NOW)
    assert latest(database, "graph") == [NOW + INSTANT, NOW]


def test_the_newest_read_of_each_metric_is_stored(database: Database) -> None:
    """By source and metric."""
    with database.write() as connection:
        assert sources.last_read(connection, "instaloader", Metric.LIKES) is None
        for at in (NOW, NOW + HOUR):
            sources.note_reads(connection, {("instaloader", Metric.LIKES): at})
        others = {("instaloader", Metric.FOLLOWERS): NOW - HOUR, ("graph", Metric.LIKES): NOW + DAY}
        sources.note_reads(connection, others)
        sources.note_reads(connection, {})
    with database.read() as connection:
        assert sources.last_read(connection, "instaloader", Metric.LIKES) == NOW + HOUR
        assert sources.last_read(connection, "instaloader", Metric.FOLLOWERS) == NOW - HOUR
        assert sources.last_read(connection, "graph", Metric.FOLLOWERS) is None
        assert sources.last_counts(connection) == {"instaloader": NOW + HOUR, "graph": NOW + DAY}


def test_the_next_read_replaces_a_time_of_a_wrong_clock(database: Database) -> None:
    """Also with an earlier time."""
    with database.write() as connection:
        for at in (NOW + 365 * DAY, NOW):
            sources.note_reads(connection, {("instaloader", Metric.LIKES): at})
        assert sources.last_read(connection, "instaloader", Metric.LIKES) == NOW
