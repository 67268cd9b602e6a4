"""The sources: installed, enabled, able to begin, and not refused."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from monitor.errors import BadInputError
from monitor.sources.registry import installed, open_source
from monitor.sources.strain import SLOW_FROM
from refilld.doctor import private_file
from refilld.doctor.finding import Finding, error, ok, warning
from refilld.settings import Settings, SourceSection
from storage import sources
from storage.engine import Transaction

FILES = {"token_file": "the token", "session_file": "the session"}


def findings(settings: Settings) -> Iterator[Finding]:
    """Judge every source that the configuration enables."""
    if not settings.enabled_sources:
        hint = (
            "set enabled = true under [sources.instaloader] or [sources.graph]; the README says what it means"
        )
        yield error("sources.enabled", "no source is enabled, so nothing is looked at", hint)
    for name, section in settings.enabled_sources.items():
        if name not in installed():
            says = f"{name} is enabled but not installed; there are: {', '.join(installed())}"
            yield error("source.installed", says, f"correct [sources.{name}], or install it", name)
            continue
        yield from _credentials(name, section)
        yield _opens(name, section)


def _credentials(name: str, section: SourceSection) -> Iterator[Finding]:
    """Judge the files that a source has its secrets from."""
    for option, what in FILES.items():
        if path := section.options[option]:
            yield private_file.examined(Path(path), "source.credentials", what, name)


def _opens(name: str, section: SourceSection) -> Finding:
    """Let the source be made as the daemon makes it; that sends no request."""
    try:
        open_source(name, section.options)
    except BadInputError as fault:
        return error("source.opens", f"{name} cannot begin: {fault}", f"correct [sources.{name}]", name)
    except Exception as fault:  # noqa: BLE001  # a plugin of others; what it says may hold a secret
        says = f"{name} fails with {type(fault).__name__} when it is made"
        return error("source.opens", says, "update it, or report the fault to who wrote it", name)
    return ok("source.opens", f"{name} is enabled and can begin", name)


def breakers(tx: Transaction, settings: Settings, now: datetime) -> Iterator[Finding]:
    """Judge whether each source may be asked now."""
    known = installed()
    yield from (_breaker(tx, name, now) for name in settings.enabled_sources if name in known)


def _breaker(tx: Transaction, name: str, now: datetime) -> Finding:
    found = sources.breaker(tx, name)
    resume = f"refilld sources resume {name}"
    if found.stopped:
        says = f"{name} has stopped after refusals: {found.reason}"
        return error("source.breaker", says, f"find out why, wait some hours, then {resume}", name)
    until = found.closed_until(now)
    if until is not None:
        says = f"{name} is paused until {until:%Y-%m-%d %H:%M:%SZ}: {found.reason}"
        return warning("source.breaker", says, f"it goes on by itself; {resume} does so at once", name)
    return _strained(tx, name, now)


def _strained(tx: Transaction, name: str, now: datetime) -> Finding:
    """Judge what the platform itself says of its limit."""
    found = sources.strain(tx, name)
    until, used = found.waits_until(now), found.used(now)
    hint = f"it goes on by itself; lower sources.{name}.requests_per_hour if this comes often"
    if until is not None:
        return warning(
            "source.breaker", f"the platform lets {name} wait until {until:%Y-%m-%d %H:%M:%SZ}", hint, name
        )
    if used is not None and used >= SLOW_FROM:
        says = f"{used} % of the platform's own limit for {name} are used, so it looks slower"
        return warning("source.breaker", says, hint, name)
    return ok("source.breaker", f"{name} may look", name)
