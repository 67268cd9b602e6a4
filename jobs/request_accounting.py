"""Request accounting: charge requests, update breaker and rate limit state, probe the canary."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from jobs.configured_source import ConfiguredSource
from monitor.events.sources import source_blocked, source_ready
from monitor.guarantee.gone_detection import ABSENT
from monitor.model.snapshot import DEFINITE_REFUSALS, Outcome, Snapshot
from monitor.model.target import Metric
from monitor.model.time_words import second
from monitor.sources.breaker import SEEN, SUSPECTED, TRANSIENT, Breaker
from monitor.sources.budget import HOUR, Purpose
from monitor.sources.contract import RateLimitHint, Reading
from monitor.sources.source_state import source_state
from storage import events, sources
from storage.engine import Database, Transaction

log = structlog.get_logger()
REFUSALS = DEFINITE_REFUSALS | SUSPECTED | TRANSIENT
"""Outcomes that may open the breaker, which pauses the source."""
READ_VALID_FOR = HOUR
"""A count of this age or younger proves that the source can see profiles; no canary is probed then."""


def closed_for(
    tx: Transaction, configured: ConfiguredSource, now: datetime, purpose: Purpose = Purpose.LOOK
) -> timedelta | None:
    """Return how long the source must not be used, by breaker, budget and rate limit; None when it may be.

    Until the transaction ends, no other process can charge the budget. When `canary_due`, only the canary may
    be read.
    """
    name = configured.source.name
    until = sources.breaker(tx, name).closed_until(now)
    if until is None:
        until = configured.budget.free_at(
            lambda n, since: sources.nth_request(tx, name, n, since),
            now,
            purpose,
            sources.rate_limit_state(tx, name),
        )
    return None if until is None else until - now


def canary_due(tx: Transaction, configured: ConfiguredSource) -> bool:
    """Whether the next request must go to the canary (`probe_canary`) and not to a target."""
    return configured.canary is not None and sources.breaker(tx, configured.source.name).half_open


def charge(
    tx: Transaction, configured: ConfiguredSource, now: datetime, looks: int, purpose: Purpose = Purpose.LOOK
) -> None:
    """Charge one request before it is sent; it serves `looks` looks."""
    sources.note_requests(tx, configured.source.name, now, 1, purpose=purpose, looks=looks)


def further_requests(reading: Reading) -> int:
    """Requests of a reading beyond the first, which was charged before; a reading may have taken none."""
    return max(0, reading.requests - 1)


def settle_reading(
    tx: Transaction,
    configured: ConfiguredSource,
    reading: Reading,
    done: datetime,
    purpose: Purpose = Purpose.LOOK,
) -> None:
    """Charge the further requests of a reading, and update breaker and rate limit state.

    The times of the further requests are not known: they are charged at `done`, the end of the reading.
    """
    _charge_reading(tx, configured, reading, done, purpose)
    before = after = sources.breaker(tx, configured.source.name)
    now = reading.snapshots[0].at
    for snapshot in reading.snapshots:
        # The refusals of one reading count once.
        if after.closed_until(now) is None or snapshot.outcome not in REFUSALS:
            request_key = configured.source.request_key(snapshot.target) or snapshot.target.link.url
            after = after.after(snapshot.outcome, request_key, now, configured.first_pause, snapshot.detail)
    if _absence_unverified(tx, configured, reading):
        after = replace(after, half_open=True)
    _save_breaker(tx, configured, before, after, done)


def probe_canary(database: Database, configured: ConfiguredSource, clock: Callable[[], datetime]) -> int:
    """Read the canary, with a request that is already charged (`Purpose.CANARY`); no snapshot is stored.

    Its count is evidence that the source can read profiles, as any other count. Returns the number of further
    requests.
    """
    if configured.canary is None:
        return 0
    reading = configured.source.read([configured.canary], clock())
    snapshot = reading.snapshots[0]
    with database.write() as tx:
        done = clock()
        _charge_reading(tx, configured, reading, done, Purpose.CANARY)
        if snapshot.outcome is Outcome.COUNT:
            sources.note_reads(tx, {(configured.source.name, snapshot.target.metric): snapshot.at})
        before = sources.breaker(tx, configured.source.name)
        still_paused = before.closed_until(snapshot.at) is not None and snapshot.outcome not in SEEN
        after = (
            before
            if still_paused
            else before.after_canary(snapshot.outcome, snapshot.at, configured.first_pause, snapshot.detail)
        )
        _save_breaker(tx, configured, before, after, done)
    log.info(
        "canary.asked", source=configured.source.name, outcome=str(snapshot.outcome), detail=snapshot.detail
    )
    return further_requests(reading)


def _charge_reading(
    tx: Transaction, configured: ConfiguredSource, reading: Reading, done: datetime, purpose: Purpose
) -> None:
    name = configured.source.name
    sources.note_requests(tx, name, done, further_requests(reading), purpose=purpose)
    if reading.rate_limit == RateLimitHint():
        return
    before = sources.rate_limit_state(tx, name)
    after = before.after(reading.rate_limit, done)
    sources.save_rate_limit_state(tx, name, after)
    if after.wait_until != before.wait_until:
        log.warning(
            "source.strained", source=name, used_percent=after.used(done), until=_utc(after.wait_until)
        )


def _absence_unverified(tx: Transaction, configured: ConfiguredSource, reading: Reading) -> bool:
    """Whether a profile is absent and no count proves that the source can see profiles (RULES 7)."""
    snapshots = [snapshot for snapshot in reading.snapshots if snapshot.target.metric is Metric.FOLLOWERS]
    if configured.canary is None or not any(snapshot.outcome in ABSENT for snapshot in snapshots):
        return False
    return not (_counted(snapshots) or _read_lately(tx, configured, snapshots[0].at))


def _counted(snapshots: list[Snapshot]) -> bool:
    return any(snapshot.outcome is Outcome.COUNT for snapshot in snapshots)


def _read_lately(tx: Transaction, configured: ConfiguredSource, now: datetime) -> bool:
    read_at = sources.last_read(tx, configured.source.name, Metric.FOLLOWERS)
    return read_at is not None and now - read_at <= READ_VALID_FOR


def _save_breaker(
    tx: Transaction, configured: ConfiguredSource, before: Breaker, after: Breaker, now: datetime
) -> None:
    """Save a changed breaker; log a new pause or the end of one, and alert on a refusal."""
    if after == before:
        return
    name = configured.source.name
    sources.save_breaker(tx, name, after)
    if after.paused_until not in {None, before.paused_until}:
        paused = source_state(after, sources.rate_limit_state(tx, name), now)
        end = None if after.stopped else paused.until
        until = _utc(end) or "an operator resumes it"
        log.warning("source.paused", source=name, reason=after.reason, until=until, detail=after.detail)
        if after.refusals > before.refusals:  # transient faults send no alert
            events.add(tx, source_blocked(name, after.reason, end, after.detail), now)
    elif before.half_open and not after.half_open:
        log.info("source.ready", source=name)
    if before.blocked_since is not None and after.blocked_since is None:
        events.add(tx, source_ready(name, before.blocked_since, now), now)


def _utc(at: datetime | None) -> str:
    return "" if at is None else f"{second(at)} UTC"
