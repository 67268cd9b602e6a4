"""Ids that occur in one file with different links: two orders, of which one would overwrite the other."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from monitor.errors import BadInputError
from monitor.model.link import parse_link
from refilld.orders_file.cells import shown
from refilld.orders_file.rows import RawRow, Refused

_MOST_LINES = 5
"""Lines that a message names."""


def without_conflicts(file: Iterable[RawRow | Refused]) -> Iterator[RawRow | Refused]:
    """Yield the rows of a file that can be read several times; those of a conflicting id are refused."""
    conflicts = conflicting_ids(file)
    if not conflicts:
        yield from file
        return
    for row in file:
        lines = conflicts.get(_id(row)) if isinstance(row, RawRow) else None
        if lines is None or isinstance(row, Refused):
            yield row
        else:
            yield Refused.row(row, _conflict(row, lines))


def conflicting_ids(file: Iterable[RawRow | Refused]) -> dict[str, list[int]]:
    """The ids that occur with different links, and the lines of each."""
    repeated = _repeated(file)
    if not repeated:
        return {}
    links: defaultdict[str, set[str]] = defaultdict(set)
    lines: defaultdict[str, list[int]] = defaultdict(list)
    for row in file:
        if isinstance(row, RawRow) and _id(row) in repeated:
            links[_id(row)].add(_canonical(row.cells))
            lines[_id(row)].append(row.line)
    return {order_id: lines[order_id] for order_id, found in links.items() if len(found) > 1}


def _repeated(file: Iterable[RawRow | Refused]) -> set[str]:
    """The ids that occur twice. Hashes are kept instead of texts; equal hashes only cost time."""
    seen: set[int] = set()
    repeated = set()
    for row in file:
        if isinstance(row, RawRow):
            number = hash(row.cells.get("order_id", "").strip())
            if number in seen:
                repeated.add(_id(row))
            seen.add(number)
    return repeated - {""}


def _id(row: RawRow) -> str:
    return row.cells.get("order_id", "").strip()


def _canonical(cells: Mapping[str, str]) -> str:
    text = cells.get("link", "")
    try:
        return parse_link(text).link.url
    except BadInputError:
        return text


def _conflict(row: RawRow, lines: list[int]) -> BadInputError:
    named = ", ".join(map(str, lines[:_MOST_LINES])) + (", …" if len(lines) > _MOST_LINES else "")
    return BadInputError(
        "order_id",
        f"{shown(_id(row))} occurs with different links (lines {named}); a spreadsheet may have changed the"
        " ids: import the panel's own export, or keep the row that is right",
    )
