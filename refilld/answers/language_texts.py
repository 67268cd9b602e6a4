"""The texts of one language: the operator's own, and those of the catalogue for all others."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from gettext import NullTranslations

from monitor.model.target import Metric
from refilld.answers.sentences import METRIC, SENTENCES, UNITS


@dataclass(frozen=True, slots=True)
class LanguageTexts:
    """Every sentence in one language."""

    translation: NullTranslations
    own: Mapping[str, str] = field(default_factory=dict)
    """The operator's own texts, by sentence; each has one form for all numbers."""

    def text(self, key: str, number: int | None = None) -> str:
        """A sentence with its placeholders, in the form for a number."""
        return self.own.get(key) or SENTENCES[key].words.into(self.translation, number)

    def metric(self, metric: Metric) -> str:
        """The word for a metric."""
        return self.text(f"{METRIC}:{metric}")

    def units(self, metric: Metric, number: int) -> str:
        """A number with the word for its metric."""
        own = self.own.get(f"{METRIC}:{metric}")
        text = f"{{number}} {own}" if own else UNITS[metric].into(self.translation, number)
        return text.format(number=number)
