"""Thinning: which of the old looks at a target are superfluous."""

from collections.abc import Container, Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from monitor.model.snapshot import Outcome


class PastLook(NamedTuple):
    """A stored look at a target, as far as thinning depends on it."""

    at: datetime
    outcome: Outcome


def superfluous(
    looks: Sequence[PastLook], needed: Container[datetime], absent_since: datetime | None
) -> list[datetime]:
    """Return the times of the looks that can be deleted; `looks` are those of one target, in order of time.

    Of each day (UTC) the last count is kept, of a day without a count the last look. A look at a time that
    another row refers to (`needed`) is kept, and so is one that did not find the target since it is absent,
    because the answer to its customers says so.
    """
    found = []
    for _, group in groupby(looks, key=lambda look: look.at.date()):
        day = list(group)
        last = next((look for look in reversed(day) if look.outcome is Outcome.COUNT), day[-1])
        found += [
            look.at
            for look in day
            if look is not last and look.at not in needed and not _shows_absence(look, absent_since)
        ]
    return found


def _shows_absence(look: PastLook, absent_since: datetime | None) -> bool:
    return look.outcome is Outcome.NOT_FOUND and absent_since is not None and look.at >= absent_since
