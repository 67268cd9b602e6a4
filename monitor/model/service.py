"""A service of the panel: its metric and its terms."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from monitor.model.target import Metric


@dataclass(frozen=True, slots=True)
class Service:
    """The configuration of one service; None where a value is not configured."""

    metric: Metric | None = None
    terms: str | None = None
    """Name of a configured set of terms."""
    name: str | None = None
    """Readable name, if the key is the panel's number; terms can be derived from it."""
    ignored: bool = False
    """The shop gives no guarantee on it: its orders are not imported."""


class Services(Mapping[str, Service]):
    """The configured services by id or name; a case-insensitive match counts if it is unique."""

    def __init__(self, services: Mapping[str, Service]) -> None:
        self._exact = dict(services)
        spellings = Counter(key.casefold() for key in services)
        self._casefolded = {
            key.casefold(): service for key, service in services.items() if spellings[key.casefold()] == 1
        }

    def __getitem__(self, text: str) -> Service:
        return self._exact[text] if text in self._exact else self._casefolded[text.casefold()]

    def spelled(self, text: str) -> str | None:
        """The configured spelling of a service; None if it is not configured."""
        if text in self._exact:
            return text
        same = [key for key in self._exact if key.casefold() == text.casefold()]
        return same[0] if len(same) == 1 else None

    def __iter__(self) -> Iterator[str]:
        return iter(self._exact)

    def __len__(self) -> int:
        return len(self._exact)
