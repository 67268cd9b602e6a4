"""Filters, sort and page of a list, as its URL has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from refilld.web.formats import MOST_COUNTED

PER_PAGE = 50
LONGEST_FILTER = 200
_LAST_PAGE = MOST_COUNTED // PER_PAGE


@dataclass(frozen=True, slots=True)
class ListColumn:
    """A column of a list."""

    name: str
    title: str
    sort: bool = False
    """Whether the list can be sorted by it."""
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class FilterField:
    """A field of the filters of a list."""

    name: str
    title: str
    choices: tuple[tuple[str, str], ...] = ()
    """Values and their titles; without them any text can be typed."""


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a reader wants to see of a list."""

    path: str
    filters: Mapping[str, str]
    """Only those that are set."""
    sort: str
    """The name of a column."""
    descending: bool
    default_sort: str
    page: int = 1
    per_page: int = PER_PAGE

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.per_page

    @property
    def sort_word(self) -> str:
        """The sort as the URL has it; empty for the default."""
        word = f"-{self.sort}" if self.descending else self.sort
        return "" if word == self.default_sort else word

    @property
    def url(self) -> str:
        """The URL of this list; the same list has one URL."""
        more = {"sort": self.sort_word, "page": "" if self.page == 1 else str(self.page)}
        shown = {name: value for name, value in (dict(self.filters) | more).items() if value}
        return f"{self.path}?{urlencode(shown)}" if shown else self.path

    def sorted_by(self, name: str) -> str:
        """The URL of this list by another column, or in the other direction."""
        return replace(self, sort=name, descending=self.sort == name and not self.descending, page=1).url

    def at_page(self, page: int) -> str:
        """The URL of another page of this list."""
        return replace(self, page=page).url

    def filtered(self, **filters: str) -> str:
        """The URL of this list with other filters; an empty one is removed."""
        return replace(self, filters=dict(self.filters) | filters, page=1).url

    def has_next(self, total: int) -> bool:
        """Whether there is another page of so many rows."""
        return total > self.offset + self.per_page and self.page < _LAST_PAGE

    def is_last(self, total: int) -> bool:
        """Whether there are more rows than the last page shows."""
        return self.page >= _LAST_PAGE and total > self.offset + self.per_page


def read_list_query(
    path: str,
    given: Mapping[str, str],
    filters: Sequence[FilterField],
    columns: Sequence[ListColumn],
    sort: str,
) -> ListQuery:
    """The list that a URL asks for; what it cannot ask for is ignored.

    `sort` is the default: the name of a column, after `-` for a descending order.
    """
    sorts = {column.name for column in columns if column.sort}
    word = given.get("sort", "")
    wanted = word if word.removeprefix("-") in sorts else sort
    return ListQuery(
        path,
        {field.name: value for field in filters if (value := _filter(field, given))},
        wanted.removeprefix("-"),
        wanted.startswith("-"),
        sort,
        _page(given.get("page", "")),
    )


def _filter(field: FilterField, given: Mapping[str, str]) -> str:
    value = given.get(field.name, "").strip()[:LONGEST_FILTER]
    known = not field.choices or value in {choice for choice, _ in field.choices}
    return value if known and "\0" not in value else ""


def _page(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(_LAST_PAGE)) else 1
    return min(max(number, 1), _LAST_PAGE)
