"""How the monitor stands: what the rules of `monitor.self_monitoring` judge, read from the database."""

import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from jobs.configured_source import ConfiguredSource
from monitor.cadence.schedule import Priority
from monitor.evaluation.source_choice import NO_SOURCE
from monitor.events.kind import EventKind
from monitor.events.monitoring import MonitorProblem
from monitor.model.number_words import counted
from monitor.model.time_words import minute
from monitor.self_monitoring.budget_exhausted import DailyBudget
from monitor.self_monitoring.conditions import MonitorState
from monitor.self_monitoring.credentials_old import CredentialFile
from monitor.self_monitoring.limits import SelfCheckLimits
from monitor.self_monitoring.looks_overdue import OldestLook
from monitor.self_monitoring.looks_stopped import ReadingGap
from monitor.self_monitoring.migrations_pending import Revisions
from monitor.self_monitoring.targets_unseen import OverdueTargets
from monitor.sources.budget import BEGINNING, DAY
from monitor.sources.source_state import SourceState, source_state
from storage import daemons, imports, leases, revision, self_check, sources, tokens
from storage.engine import Database, Transaction

GRACE = timedelta(minutes=10)
"""Time after a start before missing looks are told; the first ones may read something."""
OF_LOOKS = {EventKind.LOOKS_STOPPED, EventKind.LOOKS_OVERDUE, EventKind.TARGETS_UNSEEN}
"""Conditions that need this time."""
BY_DATE = (Priority.URGENT, Priority.ROUTINE)
"""Priorities of looks that do not wait for the budget by choice."""


CredentialFiles = Mapping[str, tuple[str, Path]]
"""By source: the option that names the file with its token or session, and the file."""

DueTimes = Mapping[str, datetime | None]
"""By source: since when the target is due that is due longest, or a later time; None without targets."""


@dataclass(frozen=True, slots=True)
class MonitorReading:
    """Reads how the monitor stands."""

    database: Database
    sources: tuple[ConfiguredSource, ...]
    limits: SelfCheckLimits
    started: datetime | None = None
    """Start of the process; None if it runs each job once."""
    host: str = ""
    """The name of this machine."""
    credential_files: CredentialFiles = field(default_factory=dict)

    def read(self, tx: Transaction, now: datetime, apart: timedelta | None) -> MonitorState:
        """How the monitor stands now; `apart` is how far this machine's clock is ahead of the server's."""
        path, early = self.database.path, self._early(now)
        due = {name: self_check.due_since(tx, name) for name in self._names}
        return MonitorState(
            reading_gap=self._reading_gap(tx, now, early=early),
            undelivered=self_check.undelivered(tx),
            free_bytes=None if path is None else shutil.disk_usage(path.resolve().parent).free,
            queued_since=leases.waiting_since(tx, now),
            imported_at=imports.orders_at(tx),
            oldest_look=None if early else self._oldest_look(tx, now),
            overdue=None if early else self._overdue(tx, due, now),
            revisions=_revisions(tx),
            host=self.host,
            apart=apart,
            spent=dict(self._spent(tx, due, now)),
            credentials=dict(self._credentials()),
            tokens=tuple(tokens.with_end(tx)),
        )

    def unjudged(self, tx: Transaction, on: Collection[MonitorProblem], now: datetime) -> set[MonitorProblem]:
        """The conditions that held and cannot be judged now, so that they still hold."""
        early = {problem for problem in on if self._early(now) and problem.kind in OF_LOOKS}
        clocks = {problem.name: problem for problem in on if problem.kind is EventKind.CLOCK_WRONG}
        others = {row.host for row in daemons.listed(tx)} - {self.host} if clocks else set()
        return early | {problem for host, problem in clocks.items() if host in others}

    def _early(self, now: datetime) -> bool:
        """Whether it is too early to tell anything about the looks."""
        return self.started is not None and now - self.started < GRACE

    @property
    def _names(self) -> list[str]:
        """The names under which targets are due, also of those that no source can read."""
        return [*(one.source.name for one in self.sources), NO_SOURCE]

    def _oldest_look(self, tx: Transaction, now: datetime) -> OldestLook | None:
        due = {name: self_check.due_since(tx, name, BY_DATE) for name in self._names}
        found = min(((at, name) for name, at in due.items() if at is not None and at <= now), default=None)
        return None if found is None else OldestLook(found[0], self._why_late(tx, found[1], now))

    def _overdue(self, tx: Transaction, due: DueTimes, now: datetime) -> OverdueTargets:
        """Counts targets only while one is overdue for long."""
        until = now - self.limits.overdue_after
        if not any(at is not None and at <= until for at in due.values()):
            return OverdueTargets(0, 0)
        return OverdueTargets(self_check.overdue(tx, self._names, until), self_check.watched(tx))

    def _spent(self, tx: Transaction, due: DueTimes, now: datetime) -> Iterator[tuple[str, DailyBudget]]:
        """The sources whose daily limit lets no look pass, though looks are due."""
        for one in self.sources:
            name, places, due_at = one.source.name, _looks_of_a_day(one), due[one.source.name]
            if places is None or due_at is None or due_at > now:
                continue
            last = sources.nth_request(tx, name, places, now - DAY)
            if last is not None:
                yield name, DailyBudget(places, last + DAY)

    def _credentials(self) -> Iterator[tuple[str, CredentialFile]]:
        for source, (option, path) in self.credential_files.items():
            with suppress(OSError):  # a missing file is a fault of the source, which tells it
                yield source, CredentialFile(option, datetime.fromtimestamp(path.stat().st_mtime, UTC))

    def _why_late(self, tx: Transaction, name: str, now: datetime) -> str:
        one = next((one for one in self.sources if one.source.name == name), None)
        if one is None:
            return "no enabled source can read it"
        if closed := _closed(name, _state(tx, name, now)):
            return closed
        requests, _ = sources.served(tx, name, now - timedelta(days=1))
        return f"{name} was asked {counted(requests, 'time')} in 24 hours, for other looks"

    def _reading_gap(self, tx: Transaction, now: datetime, *, early: bool) -> ReadingGap | None:
        """What is known about the looks; reads all targets only when no count was read for long."""
        names = [one.source.name for one in self.sources]
        read_at = self_check.last_count(tx, names)
        if read_at is not None and now - read_at < self.limits.silent_after:
            return ReadingGap(read_at, None)
        if early:
            return None
        seen_at = self_check.last_seen(tx)
        read_at = max((at for at in (read_at, seen_at) if at is not None), default=None)
        wanted = [self_check.due_since(tx, name) for name in self._names]
        wanted += [self_check.first_request(tx, name, read_at or BEGINNING) for name in names]
        since = min((at for at in wanted if at is not None and at <= now), default=None)
        reasons = tuple(_reason(tx, one, read_at or BEGINNING, now) for one in self.sources)
        return ReadingGap(read_at, since, reasons)


def _looks_of_a_day(one: ConfiguredSource) -> int | None:
    """The requests of a day that looks may use, without the reserve for checks; None if there is no limit."""
    return next((limit.places for limit in one.budget.limits() if limit.window == DAY), None)


def _revisions(tx: Transaction) -> Revisions | None:
    """None on a database without migrations, as tests have."""
    current = revision.current_in(tx)
    return None if current is None else Revisions(current, revision.installed())


def _state(tx: Transaction, name: str, now: datetime) -> SourceState:
    return source_state(sources.breaker(tx, name), sources.rate_limit_state(tx, name), now)


def _closed(name: str, found: SourceState) -> str:
    """Why a source may not be asked now; empty if it may."""
    if found.may_look:
        return ""
    until = f"until {minute(found.until)} UTC" if found.until else "until it is resumed"
    return f"{name} is {found.state} {until}" + (f" ({found.why})" if found.why else "")


def _reason(tx: Transaction, one: ConfiguredSource, read_at: datetime, now: datetime) -> str:
    """Why a source reads nothing."""
    name = one.source.name
    found = _state(tx, name, now)
    if closed := _closed(name, found):
        return closed
    requests, _ = sources.served(tx, name, read_at)
    if requests:
        return f"{name} was asked {requests} times since, and showed nothing"
    if self_check.due_since(tx, name) is None:
        return f"{name} cannot read the targets that are due"
    free_at = one.budget.free_at(lambda n, since: sources.nth_request(tx, name, n, since), now)
    wait = f"its budget allows the next request at {minute(free_at)} UTC" if free_at else "it was not asked"
    return f"{name} is {found.state}, but {wait}"
