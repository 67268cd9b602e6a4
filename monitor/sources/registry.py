"""Sources are found by name through the entry-point group `refilld.sources`."""

from collections.abc import Mapping
from importlib.metadata import entry_points
from types import MappingProxyType

from monitor.errors import BadInputError
from monitor.sources.contract import Source
from monitor.sources.reader_adapter import Reader, ReaderAdapter

GROUP = "refilld.sources"


def installed() -> tuple[str, ...]:
    """Names of the sources that are installed."""
    return tuple(sorted(point.name for point in entry_points(group=GROUP)))


_NONE: Mapping[str, str] = MappingProxyType({})


def open_source(name: str, options: Mapping[str, str] = _NONE) -> Source:
    """Make the source of that name.

    Raises BadInputError when no such source is installed, or when it cannot use its options.
    """
    for point in entry_points(group=GROUP, name=name):
        kind = point.load()
        source = kind.configured(options) if hasattr(kind, "configured") else kind()
        if isinstance(source, Source):
            return source
        if isinstance(source, Reader):
            return ReaderAdapter(name, source)
        raise BadInputError(f"sources.{name}", f"{point.value} does not fulfil the contract of a source")
    raise BadInputError(
        f"sources.{name}", f"no such source is installed; there are: {', '.join(installed())}"
    )
