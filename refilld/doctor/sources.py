"""Checks of the sources: enabled, installed, can be opened, not paused or stopped."""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path

from monitor.errors import BadInputError
from monitor.sources.contract import SourceContractError
from monitor.sources.rate_limit_state import SLOW_FROM
from monitor.sources.registry import installed, open_source
from monitor.sources.source_state import source_state
from refilld.doctor import private_file
from refilld.doctor.finding import Finding, FindingLevel, error, ok, warning
from refilld.services.closed_source import closed_remedy, closed_words
from refilld.settings.settings import Settings
from refilld.settings.sources import SourceSection
from refilld.sources import HOW_TO_ENABLE, NOTHING_ENABLED
from storage import sources
from storage.engine import Transaction

OPENS = "source.opens"
WITH_LOGIN = "instaloader"
"""The source of the command `sources login`."""
FILES = {"token_file": "the token", "session_file": "the session"}


def findings(settings: Settings) -> Iterator[Finding]:
    """Check every enabled source."""
    if not settings.enabled_sources:
        yield error("sources.enabled", NOTHING_ENABLED, HOW_TO_ENABLE)
    for name, section in settings.enabled_sources.items():
        if name in installed():
            yield from _source_findings(name, section)
        else:
            yield _missing(name)


def _missing(name: str) -> Finding:
    """The finding for a source that is not installed, with the closest name or all names."""
    close = get_close_matches(name, installed(), n=1)
    meant = f"did you mean {close[0]}?" if close else f"there are: {', '.join(installed())}"
    says = f"{name} is enabled but not installed; {meant}"
    return error("source.installed", says, f"correct [sources.{name}], or install it", name)


def _source_findings(name: str, section: SourceSection) -> Iterator[Finding]:
    """Check the secret files of a source, and whether it opens; a wrong file is reported once."""
    fault = _fault(name, section)
    files = {option: _credential(name, option, path) for option, path in section.credential_files.items()}
    at = fault.field.removeprefix(f"sources.{name}.") if fault is not None else ""
    reported = at in files and files[at].level is FindingLevel.ERROR
    yield from (one for option, one in files.items() if option != at or reported)
    if not reported:
        yield _opens(name, fault, _remedy(name, at) if at in files else f"correct [sources.{name}]")


def _credential(name: str, option: str, file: Path) -> Finding:
    """Check a file with a secret of the source."""
    return private_file.file_finding(file, "source.credentials", FILES[option], name, _remedy(name, option))


def _remedy(name: str, option: str) -> str:
    """How to write the file."""
    if option == "session_file" and name == WITH_LOGIN:
        return f"write it with refilld sources login {name} --cookies FILE"
    return f"put {FILES[option]} into it, readable by refilld's user only, or correct sources.{name}.{option}"


def _fault(name: str, section: SourceSection) -> BadInputError | None:
    """The error of opening the source as the daemon does, or None; sends no request."""
    try:
        open_source(name, section.options)
    except BadInputError as fault:
        return fault
    return None


def _opens(name: str, fault: BadInputError | None, remedy: str) -> Finding:
    if fault is None:
        return ok(OPENS, f"{name} is enabled and can begin", name)
    if isinstance(fault, SourceContractError):
        return error(OPENS, f"{name} {fault.problem}", "update it, or report the fault to its author", name)
    return error(OPENS, f"{name} cannot begin: {fault}", remedy, name)


def opened(found: Iterable[Finding]) -> frozenset[str]:
    """The names of the sources that can be opened, from these findings."""
    return frozenset(one.about for one in found if (one.check, one.level) == (OPENS, FindingLevel.OK))


def breakers(
    tx: Transaction, settings: Settings, now: datetime, opened_sources: AbstractSet[str]
) -> Iterator[Finding]:
    """Check whether each source may look now; without ok for one that cannot be opened."""
    known = installed()
    found = (_breaker(tx, name, now) for name in settings.enabled_sources if name in known)
    yield from (one for one in found if one.level is not FindingLevel.OK or one.about in opened_sources)


def _breaker(tx: Transaction, name: str, now: datetime) -> Finding:
    rate_limit_state = sources.rate_limit_state(tx, name)
    state = source_state(sources.breaker(tx, name), rate_limit_state, now)
    if state.may_look:
        return _rate_limit(name, rate_limit_state.used(now))
    says, remedy = closed_words(name, state), closed_remedy(name, state)
    if state.state == "waiting":
        remedy = f"{remedy}; {_lower(name)}"
    level = error if state.until is None else warning
    return level("source.breaker", says, remedy, name)


def _lower(name: str) -> str:
    return f"lower sources.{name}.requests_per_hour if this comes often"


def _rate_limit(name: str, used: int | None) -> Finding:
    """Check the used percentage of the platform's own rate limit."""
    if used is not None and used >= SLOW_FROM:
        says = f"{used} % of the platform's own limit for {name} is used, so it looks more slowly"
        return warning("source.breaker", says, f"it goes on by itself; {_lower(name)}", name)
    return ok("source.breaker", f"{name} may look", name)
