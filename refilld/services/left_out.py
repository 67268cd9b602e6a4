"""What an action on several things leaves out, and why."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One thing that an action would refuse."""

    name: str
    """Its id."""
    why: str


def by_reason(left_out: Iterable[LeftOut]) -> list[tuple[str, list[str]]]:
    """The ids by reason, the most frequent reason first."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for one in left_out:
        groups[one.why].append(one.name)
    return sorted(groups.items(), key=lambda group: -len(group[1]))
