"""Notes on rows that were read: values that were left out, and times without a zone. Each is told once."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from monitor.errors import BadInputError
from monitor.model.number_words import counted
from refilld.orders_file.cells import shown


@dataclass(slots=True)
class _Noted:
    """Equal cases: how many, and the first of them."""

    line: int
    text: str
    rows: int = 0

    @property
    def where(self) -> str:
        return f"{counted(self.rows, 'row')}, first in line {self.line}"


@dataclass(slots=True)
class Notes:
    """Collects what an operator should know about one file."""

    _left_out: dict[str, _Noted] = field(default_factory=dict)
    """By field."""
    _naive: _Noted | None = None

    def left_out(self, line: int, error: BadInputError) -> None:
        """Note that an optional value was not read."""
        self._left_out.setdefault(error.field, _Noted(line, error.problem)).rows += 1

    def without_zone(self, line: int, text: str) -> None:
        """Note that a time names no zone."""
        if self._naive is None:
            self._naive = _Noted(line, text)
        self._naive.rows += 1

    def lines(self) -> Iterator[str]:
        """One line for each kind of case, with the remedy."""
        for name, noted in self._left_out.items():
            yield f"{name} left out ({noted.where}): {noted.text}"
        if self._naive is not None:
            yield (
                f"times without a zone are read as UTC ({self._naive.where}: {shown(self._naive.text)});"
                ' say which zone they are in: timezone = "Europe/Berlin" under [orders] in the configuration,'
                " or for one import --timezone Europe/Berlin"
            )
