"""The lines of a preview: sums by name, and what an action leaves out."""

from collections.abc import Iterable, Sequence

from monitor.model.number_words import counted
from monitor.model.sums import Sum, sum_words
from refilld.services.left_out import LeftOut, by_reason
from refilld.terminal import printable

_MOST = 3
"""Lines of one group; the others are counted in one more."""


def group_lines(noun: str, groups: Sequence[tuple[str | None, Sum]], counts: str) -> list[str]:
    """The sums of a group, in at most four lines; `counts` is what is counted."""
    if len(groups) == 1:
        return [printable(f"  {noun}: {groups[0][0] or '(none)'}")]
    shown = groups[:_MOST]
    lines = [printable(f"  {noun} {name or '(none)'}: {sum_words(found, counts)}") for name, found in shown]
    if others := groups[_MOST:]:
        units = sum(found.units for _, found in others)
        lines.append(f"  {counted(len(others), f'other {noun}')}: {counted(units, 'unit')}")
    return lines


def left_out_lines(left_out: Iterable[LeftOut], noun: str) -> list[str]:
    """What is left out and why, in at most three lines."""
    groups = by_reason(left_out)
    shown = groups if len(groups) <= _MOST else groups[: _MOST - 1]
    lines = [f"  left out: {_which(names, noun)}: {why}" for why, names in shown]
    if others := groups[len(shown) :]:
        number = sum(len(names) for _, names in others)
        lines.append(f"  left out: {counted(number, noun)} for {len(others)} other reasons")
    return [printable(line) for line in lines]


def _which(names: list[str], noun: str) -> str:
    return f"{noun} {names[0]}" if len(names) == 1 else counted(len(names), noun)
