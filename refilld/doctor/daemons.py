"""Check that a daemon runs when there are targets to look at."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from shlex import join

from monitor.model.time_words import spoken
from refilld.doctor.finding import Finding, error, ok, warning
from refilld.services.daemon_presence import DaemonPresence, Presence, present
from storage import daemons
from storage.daemons import DaemonMode, DaemonRow, Watched
from storage.engine import Transaction

CHECK = "daemon.running"
VERSIONS = "daemon.versions"
_IN_SECONDS = 120
UNITS = (Path("/etc/systemd/system/refilld.service"), Path("/lib/systemd/system/refilld.service"))


def findings(tx: Transaction, config: Path | None, now: datetime) -> Iterator[Finding]:
    """One finding about the daemons that run jobs, and one about their versions if they differ."""
    recorded = present(tx, now)
    running = [one for one in recorded if one.row.mode is DaemonMode.RUN]
    alive = [one for one in running if one.presence is Presence.ALIVE]
    watched = daemons.watched(tx)
    if alive:
        yield ok(CHECK, "; ".join(map(_alive, alive)))
    elif not watched.targets:
        yield ok(CHECK, "no daemon runs, and nothing is to be looked at")
    else:
        yield _none_alive(running, watched, start_command(config), now)
    yield from _versions(one.row for one in recorded if one.presence is Presence.ALIVE)


def _alive(one: DaemonPresence) -> str:
    row = one.row
    return f"a daemon runs (pid {row.pid} on {row.host}, version {row.version})"


def _versions(alive: Iterable[DaemonRow]) -> Iterator[Finding]:
    """A warning if processes of several versions work on the database."""
    hosts: defaultdict[str, set[str]] = defaultdict(set)
    for row in alive:
        hosts[row.version].add(row.host)
    if len(hosts) > 1:
        says = "; ".join(f"{version} on {', '.join(sorted(hosts[version]))}" for version in sorted(hosts))
        hint = "install one version on all hosts, and restart the older daemons"
        yield warning(VERSIONS, f"daemons of several versions run: {says}", hint)


def _none_alive(running: Sequence[DaemonPresence], watched: Watched, start: str, now: datetime) -> Finding:
    last = max(running, key=lambda one: one.row.beat_at, default=None)
    if last is None and watched.last_look_at is None:
        wait = "target waits" if watched.targets == 1 else "targets wait"
        says = f"no daemon has run yet; {watched.targets:,} {wait} for a first look"
        return warning(CHECK, says, f"start: {start}")
    look = "" if watched.last_look_at is None else f"last look {_ago(now - watched.last_look_at)}"
    if last is None:
        return error(CHECK, f"no daemon runs; {look}", f"start: {start}")
    if last.presence is Presence.AHEAD:
        says = f"the last beat of the daemon (pid {last.row.pid} on {last.row.host}) lies in the future"
        return error(CHECK, says, f"the clock was ahead, so whether it runs is not known; start: {start}")
    beat = f"last beat {_ago(last.since_beat)}"
    times = ", ".join(filter(None, (beat, look)))
    if last.presence is Presence.SILENT:
        says = f"the daemon (pid {last.row.pid} on {last.row.host}) does not write: {times}"
        hint = f"if it still runs, its log says why (is the disk full?); otherwise start: {start}"
        return error(CHECK, says, hint)
    return error(CHECK, f"no daemon runs; {times}", f"start: {start}")


def _ago(duration: timedelta) -> str:
    """An age in words; up to two minutes in seconds."""
    seconds = max(duration // timedelta(seconds=1), 0)
    return f"{seconds} seconds ago" if seconds < _IN_SECONDS else f"{spoken(duration)} ago"


def start_command(config: Path | None) -> str:
    """The command that starts the daemon of this installation."""
    if any(unit.exists() for unit in UNITS):
        return "systemctl start refilld"
    return join(["refilld", *(["--config", str(config)] if config else []), "run"])
