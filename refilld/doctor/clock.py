"""Checks of the clock, on which all rules depend."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from monitor.model.time_words import second
from refilld.doctor.finding import Finding, error, ok, warning
from storage import server_time
from storage.engine import Transaction

BUILT = datetime(2026, 1, 1, tzinfo=UTC)
"""A correct clock shows no earlier time: this version did not exist then."""
_BEHIND = timedelta(minutes=1)
_APART = timedelta(seconds=10)
_FAR_APART = timedelta(minutes=5)
_HINT = "set the clock and keep it synchronised (timedatectl); see docs/operations.md, The clock"


def findings(tx: Transaction, now: datetime) -> Iterator[Finding]:
    """Compare the clock with the newest stored time, and with the clock of the database server."""
    newest, shown = server_time.newest(tx), f"{second(now)}Z"
    if now < BUILT:
        yield error("clock.time", f"the clock says {shown}, which is too early", _HINT)
    elif newest is not None and newest > now + _BEHIND:
        says = f"the clock says {shown}, but the newest look is of {second(newest)}Z, in the future"
        yield error("clock.time", says, _HINT)
    else:
        yield ok("clock.time", f"the clock says {shown}")
    server = server_time.server_time(tx)
    if server is not None:
        yield _difference(server, now)


def _difference(server: datetime, now: datetime) -> Finding:
    apart = abs(server - now)
    says = f"the database server's clock and this one are {apart.total_seconds():,.1f} s apart"
    if apart > _FAR_APART:
        return error("clock.server", says, _HINT)
    return warning("clock.server", says, _HINT) if apart > _APART else ok("clock.server", says)
