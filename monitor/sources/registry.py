"""Finds and creates the installed sources: entry points of the group `refilld.sources`."""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType

from monitor.errors import BadInputError
from monitor.sources.checked_source import breaches
from monitor.sources.contract import INTERFACE_VERSION, Source, SourceContractError
from monitor.sources.reader_adapter import Reader, ReaderAdapter

GROUP = "refilld.sources"
_NOT_OF_A_READER = ("metrics", "batch", "request_key")
"""Attributes that mark a class as a complete source rather than a `Reader`."""
_NO_OPTIONS: Mapping[str, str] = MappingProxyType({})


def installed() -> tuple[str, ...]:
    """Return the names of the installed sources, sorted."""
    return tuple(sorted(point.name for point in entry_points(group=GROUP)))


def open_source(name: str, options: Mapping[str, str] = _NO_OPTIONS) -> Source:
    """Create the source of that name.

    Raises BadInputError when no such source is installed or an option cannot be used, and
    SourceContractError (caused by what the source raised, if it did) when it breaks the contract.
    """
    for point in entry_points(group=GROUP, name=name):
        return _complete(_create(point, options), point)
    raise BadInputError(
        f"sources.{name}", f"no such source is installed; there are: {', '.join(installed())}"
    )


def _create(point: EntryPoint, options: Mapping[str, str]) -> object:
    """Load the class and create the source; the text of a foreign error may hold a secret and is left out."""
    try:
        kind = point.load()
        wanted = getattr(kind, "interface_version", INTERFACE_VERSION)
        if wanted == INTERFACE_VERSION:
            return kind.configured(options) if hasattr(kind, "configured") else kind()
    except BadInputError:
        raise
    except Exception as error:
        raise _breach(point, f"fails with {type(error).__name__} when it is made") from error
    problem = (
        f"needs version {wanted!r} of the source interface; this refilld has version {INTERFACE_VERSION}"
    )
    raise _breach(point, problem)


def _complete(source: object, point: EntryPoint) -> Source:
    """Return the source if it has all that the contract asks for; a class with only `read` is adapted."""
    if isinstance(source, Reader) and not any(hasattr(source, attribute) for attribute in _NOT_OF_A_READER):
        return ReaderAdapter(point.name, source)
    problem = next(breaches(source), None)
    if problem is None and isinstance(source, Source):
        if source.name == point.name:
            return source
        problem = f"has the name {source.name!r}"
    raise _breach(point, f"does not fulfil the contract of a source: {point.value} {problem}")


def _breach(point: EntryPoint, problem: str) -> SourceContractError:
    return SourceContractError(f"sources.{point.name}", problem)
