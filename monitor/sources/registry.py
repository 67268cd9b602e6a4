"""Sources are found by name through the entry-point group `refilld.sources`."""

from importlib.metadata import entry_points

from monitor.errors import BadInputError
from monitor.sources.contract import Source

GROUP = "refilld.sources"


def installed() -> tuple[str, ...]:
    """Names of the sources that are installed."""
    return tuple(sorted(point.name for point in entry_points(group=GROUP)))


def open_source(name: str) -> Source:
    """Make the source of that name; raises BadInputError when no such source is installed."""
    for point in entry_points(group=GROUP, name=name):
        source = point.load()()
        if isinstance(source, Source):
            return source
        raise BadInputError(f"sources.{name}", f"{point.value} does not fulfil the contract of a source")
    raise BadInputError(
        f"sources.{name}", f"no such source is installed; there are: {', '.join(installed())}"
    )
