"""A service of the panel: what it sells, and under which terms."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from monitor.model.target import Metric


@dataclass(frozen=True, slots=True)
class Service:
    """What the configuration says of one service; None where it says nothing."""

    metric: Metric | None = None
    terms: str | None = None
    """A name of terms from the configuration."""
    name: str | None = None
    """What people call it, where the key is the panel's number; terms may be derived from it."""


class Services(Mapping[str, Service]):
    """The configured services by id or name: spelled exactly, else in any case if that names only one."""

    def __init__(self, services: Mapping[str, Service]) -> None:
        self._exact = dict(services)
        spellings = Counter(key.casefold() for key in services)
        self._folded = {
            key.casefold(): service for key, service in services.items() if spellings[key.casefold()] == 1
        }

    def __getitem__(self, text: str) -> Service:
        return self._exact[text] if text in self._exact else self._folded[text.casefold()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._exact)

    def __len__(self) -> int:
        return len(self._exact)
