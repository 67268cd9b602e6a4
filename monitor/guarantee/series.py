"""A target's series of counts, and which new counts are admitted to it (RULES 2 and 7).

Not admitted are: a count of another account, since a username can pass to another account; a count of another
kind; a count of another source while a delivery or refill is open or settling; and a fall from above 0 to 0,
unless the next count is 0 again.

Two sources may count differently. The first count of another source only measures the difference (the count
offset), which is added to all later counts of that source.
"""

from dataclasses import dataclass, replace

from monitor.model.snapshot import Outcome, Snapshot


@dataclass(frozen=True, slots=True)
class Series:
    """The state of a series between two looks."""

    last_count: int | None = None
    """Newest admitted count, including the count offset."""
    count_kind: str = ""
    """Name of the field that is counted (`follower_count`, `play_count`, …); empty before the first count."""
    zero_seen: bool = False
    """The newest count was a fall to 0, not admitted yet."""
    account: str = ""
    """Id of the account, from the first count that showed it; empty before."""
    source: str = ""
    """Source of the counts; empty before the first count."""
    count_offset: int = 0
    """Difference added to the counts of this source, so that they continue those of the previous one."""
    source_account: str = ""
    """`SPACE:ID` of the account in an id space of a source; ids of different spaces are never compared."""

    def is_not_of(self, source: str) -> bool:
        """Whether the series belongs to another source than this one."""
        return self.source not in {"", source}


def begins(before: Series, after: Series) -> bool:
    """Whether a look has begun the series of another source; its count is not judged."""
    return before.is_not_of(after.source)


def admit(snapshot: Snapshot, series: Series, expected: int | None = None) -> tuple[Snapshot, Series]:
    """Admit a look to the series, or return it as a `schema` snapshot, which is not judged.

    `expected` is the count that the old source would read now if nothing was lost since its last count; None
    while a delivery or refill is open or settling.
    """
    if accounts := other_account(snapshot, series):
        shown, known = accounts
        return _refuse(snapshot, f"shows account {shown} where the series is of {known}"), series
    if snapshot.count is None:
        return snapshot, series
    if series.is_not_of(snapshot.source):
        return _switch(snapshot, snapshot.count, series, expected)
    if series.count_kind and snapshot.count_kind != series.count_kind:
        other = f"counts {snapshot.count_kind} where the series counts {series.count_kind}"
        return _refuse(snapshot, other), series
    return _continue(snapshot, snapshot.count, series)


def other_account(snapshot: Snapshot, series: Series) -> tuple[str, str] | None:
    """Return the account that a look shows and that of the series, in one id space; None if not different."""
    if series.account and snapshot.account not in {"", series.account}:
        return snapshot.account, series.account
    space, _, shown = snapshot.source_account.rpartition(":")
    known_space, _, known = series.source_account.rpartition(":")
    return (shown, known) if known and space == known_space and shown != known else None


def _continue(snapshot: Snapshot, count: int, series: Series) -> tuple[Snapshot, Series]:
    # A series at 0 cannot fall.
    last = series.last_count and series.last_count - series.count_offset
    if count == 0 and last and not series.zero_seen:
        return _zero_fault(snapshot, last, series)
    kept = replace(snapshot, count_offset=series.count_offset)
    return kept, _after(kept, series)


def _switch(snapshot: Snapshot, count: int, series: Series, expected: int | None) -> tuple[Snapshot, Series]:
    """Continue the series with the counts of another source."""
    if expected is None:
        kind = f"{snapshot.source} counts where {series.source} did"
        return _refuse(snapshot, f"{kind}; its series begins when nothing is under way"), series
    if count == 0 and expected and not series.zero_seen:
        return _zero_fault(snapshot, expected, series)
    kept = replace(snapshot, count_offset=expected - count)
    return kept, _after(kept, series)


def _zero_fault(snapshot: Snapshot, last: int, series: Series) -> tuple[Snapshot, Series]:
    return _refuse(snapshot, f"the count fell from {last} to 0"), replace(series, zero_seen=True)


def _after(kept: Snapshot, series: Series) -> Series:
    return Series(
        kept.judged,
        kept.count_kind,
        account=series.account or kept.account,
        source=kept.source,
        source_account=kept.source_account or series.source_account,
        count_offset=kept.count_offset,
    )


def _refuse(snapshot: Snapshot, detail: str) -> Snapshot:
    return replace(snapshot, outcome=Outcome.SCHEMA, count=None, detail=detail)
