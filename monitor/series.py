"""A target's series of counts, and which new count may join it (RULES 2 and 7).

Three never join: the look at another account than the series', for a name can change hands; a count
of another thing than the series counts; and a fall from above 0 to 0, which is a fault of the source
until the next count is 0 again.
"""

from dataclasses import dataclass, replace

from monitor.snapshot import Outcome, Snapshot


@dataclass(frozen=True, slots=True)
class Series:
    """What must be remembered of a target's counts to admit the next one."""

    last_count: int | None = None
    """Newest count that was admitted."""
    counted: str = ""
    """What the series counts (`follower_count`, `play_count`, …); empty before the first count."""
    zero_seen: bool = False
    """The newest count was a fall to 0, not admitted yet."""
    account: str = ""
    """Whose counts these are, from the first count that told it; empty before."""


def admit(snapshot: Snapshot, series: Series) -> tuple[Snapshot, Series]:
    """Admit a look to its series, or turn it into a `schema` snapshot which is not judged."""
    if series.account and snapshot.account not in {"", series.account}:
        other = f"shows account {snapshot.account} where the series is of {series.account}"
        return _refuse(snapshot, other), series
    count = snapshot.count
    if count is None:
        return snapshot, series
    if series.counted and snapshot.counted != series.counted:
        return _refuse(
            snapshot, f"counts {snapshot.counted} where the series counts {series.counted}"
        ), series
    if count == 0 and series.last_count and not series.zero_seen:
        fault = _refuse(snapshot, f"the count fell from {series.last_count} to 0")
        return fault, replace(series, zero_seen=True)
    return snapshot, Series(count, snapshot.counted, account=series.account or snapshot.account)


def _refuse(snapshot: Snapshot, detail: str) -> Snapshot:
    return replace(snapshot, outcome=Outcome.SCHEMA, count=None, detail=detail)
