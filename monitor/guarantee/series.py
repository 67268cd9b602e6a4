"""A target's series of counts, and which new count may join it (RULES 2 and 7).

Four never join: the look at another account than the series', for a name can change hands; a count of
another thing than the series counts; a count by another source while something is under way; and a fall from
above 0 to 0, which is a fault of the source until the next count is 0 again.

Two sources may count the same thing differently. So the first count of another source is no evidence of
anything: it only tells by how much the two differ, and from then on that shift is added to every count.
"""

from dataclasses import dataclass, replace

from monitor.model.snapshot import Outcome, Snapshot


@dataclass(frozen=True, slots=True)
class Series:
    """What must be remembered of a target's counts to admit the next one."""

    last_count: int | None = None
    """Newest count that was admitted, its shift included."""
    count_kind: str = ""
    """What the series counts (`follower_count`, `play_count`, …); empty before the first count."""
    zero_seen: bool = False
    """The newest count was a fall to 0, not admitted yet."""
    account: str = ""
    """Whose counts these are, from the first count that told it; empty before."""
    source: str = ""
    """Who counts; empty before the first count."""
    count_offset: int = 0
    """What is added to the source's counts, so that they go on where another source's ended."""

    def is_not_of(self, source: str) -> bool:
        """Whether another source than this one has been counting."""
        return self.source not in {"", source}


def begins(before: Series, after: Series) -> bool:
    """Whether a look has begun the series of another source: nothing may follow from it."""
    return before.is_not_of(after.source)


def admit(snapshot: Snapshot, series: Series, expected: int | None = None) -> tuple[Snapshot, Series]:
    """Admit a look to its series, or turn it into a `schema` snapshot which is not judged.

    `expected` is what the old source would count now if nothing was lost since; None while that can't be
    told, because something is under way.
    """
    if series.account and snapshot.account not in {"", series.account}:
        other = f"shows account {snapshot.account} where the series is of {series.account}"
        return _refuse(snapshot, other), series
    if snapshot.count is None:
        return snapshot, series
    if series.is_not_of(snapshot.source):
        return _switch(snapshot, snapshot.count, series, expected)
    if series.count_kind and snapshot.count_kind != series.count_kind:
        other = f"counts {snapshot.count_kind} where the series counts {series.count_kind}"
        return _refuse(snapshot, other), series
    return _join(snapshot, snapshot.count, series)


def _join(snapshot: Snapshot, count: int, series: Series) -> tuple[Snapshot, Series]:
    last = series.last_count and series.last_count - series.count_offset  # one judged as 0 can't fall
    if count == 0 and last and not series.zero_seen:
        return _doubt(snapshot, last, series)
    kept = replace(snapshot, count_offset=series.count_offset)
    return kept, _after(kept, series)


def _switch(snapshot: Snapshot, count: int, series: Series, expected: int | None) -> tuple[Snapshot, Series]:
    """Go on with another source's counts, from a moment at which nothing is under way."""
    if expected is None:
        kind = f"{snapshot.source} counts where {series.source} did"
        return _refuse(snapshot, f"{kind}; its series begins when nothing is under way"), series
    if count == 0 and expected and not series.zero_seen:
        return _doubt(snapshot, expected, series)
    kept = replace(snapshot, count_offset=expected - count)
    return kept, _after(kept, series)


def _doubt(snapshot: Snapshot, last: int, series: Series) -> tuple[Snapshot, Series]:
    return _refuse(snapshot, f"the count fell from {last} to 0"), replace(series, zero_seen=True)


def _after(kept: Snapshot, series: Series) -> Series:
    account = series.account or kept.account
    return Series(
        kept.judged, kept.count_kind, account=account, source=kept.source, count_offset=kept.count_offset
    )


def _refuse(snapshot: Snapshot, detail: str) -> Snapshot:
    return replace(snapshot, outcome=Outcome.SCHEMA, count=None, detail=detail)
