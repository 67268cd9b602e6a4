"""The words on a chart, to be replaced by those of another language."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from gettext import NullTranslations

from refilld.charts.order_chart import BandKind, MarkKind
from refilld.translations.numbers import shown_number
from refilld.translations.source_text import translatable

_BANDS = {
    BandKind.GUARANTEE: translatable("guarantee in force"),
    BandKind.PRIVATE: translatable("profile private"),
    BandKind.UNREAD: translatable("not readable"),
    BandKind.MASS_DROP: translatable("mass drop"),
    BandKind.DROP: translatable("drop"),
}
_MARKS = {
    MarkKind.DELIVERED: translatable("delivered"),
    MarkKind.DROP: translatable("drop suspected"),
    MarkKind.DECISION: translatable("decision"),
    MarkKind.QUEUED: translatable("refill queued"),
    MarkKind.COMPLETED: translatable("refill completed"),
    MarkKind.FLAG: translatable("flag"),
}

_SIGNS = {"thousands": ",", "decimals": "."}


@dataclass(frozen=True, slots=True)
class ChartWords:
    """Words and sentences; those with braces are filled by `str.format`."""

    count: str = translatable("count")
    line: str = translatable("line")
    opens: str = translatable("a drop opens")
    floor: str = translatable("floor")
    bands: Mapping[BandKind, str] = field(default_factory=lambda: _BANDS)
    marks: Mapping[MarkKind, str] = field(default_factory=lambda: _MARKS)
    first: str = translatable("first count")
    lowest: str = translatable("lowest count")
    highest: str = translatable("highest count")
    newest: str = translatable("newest count")
    begins: str = translatable("{what}: begins")
    ends: str = translatable("{what}: ends")
    several: str = translatable("{number} events, the last: {what}")
    empty: str = translatable("no count yet")
    not_to_scale: str = translatable("not to scale")
    period: str = translatable("{unit}, {start} to {end} UTC")
    summary: str = translatable("Counts: {number}, from {first} to {last}; lowest {low}, highest {high}.")
    gaps: str = translatable("Failed looks: {number}; the line breaks there.")
    delivered: str = translatable("Delivered: {units}.")
    owed: str = translatable("Owed now: {units}.")
    retention: str = translatable("share of delivered units still there, by days since delivery")
    no_curve: str = translatable("too few orders yet")
    days: str = translatable("days")
    thousands: str = ","
    """Between groups of three digits."""
    decimals: str = "."
    """Before decimals."""

    def number(self, value: int) -> str:
        """A whole number with separators."""
        return f"{value:,}".replace(",", self.thousands)

    def share(self, value: float) -> str:
        """A share in percent."""
        return f"{100 * value:.1f}\u00a0%".replace(".", self.decimals)

    def into(self, translation: NullTranslations) -> "ChartWords":
        """The words in a language."""
        texts = {one.name: getattr(self, one.name) for one in fields(self) if one.name not in _SIGNS}
        words = {name: translation.gettext(text) for name, text in texts.items() if isinstance(text, str)}
        return replace(
            self,
            **words,
            bands={kind: translation.gettext(text) for kind, text in self.bands.items()},
            marks={kind: translation.gettext(text) for kind, text in self.marks.items()},
            **{name: shown_number(sign, translation) for name, sign in _SIGNS.items()},
        )


ENGLISH = ChartWords()
BUYER = ChartWords(line=translatable("complete"), floor=translatable("before the order"))
"""The words for a buyer."""
