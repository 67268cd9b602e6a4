"""A probe of a source: a few charged questions, and which of the source's assumptions hold today."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from secrets import token_hex

from monitor.model.link import Link, LinkKind
from monitor.model.target import Metric, Target
from monitor.sources.instaloader.assumptions import Assumption, assumptions
from monitor.sources.instaloader.cookies import read_file
from monitor.sources.instaloader.probe import PROFILE, Probe, ProbeFinding, ProbeQuestion
from monitor.sources.instaloader.source import TIMEOUT
from refilld.services.probe_budget import ProbeBudget

INSTALOADER = "instaloader"
"""The source with a probe of its own; any other is only asked for the profiles."""


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """The findings of a probe, and the assumptions judged by them (none for other sources)."""

    findings: tuple[ProbeFinding, ...]
    assumptions: tuple[Assumption, ...]


@dataclass(frozen=True, slots=True)
class SourceProbe:
    """One probe: which profiles and which post to ask for."""

    budget: ProbeBudget
    usernames: Sequence[str]
    shortcode: str = ""
    """Of a public post; empty to ask for none."""
    session_file: str = ""
    """The file with the cookies of a login; empty to ask as a visitor only."""

    def run(self) -> ProbeReport:
        """Ask one question after the other until one is refused, is not answered, or has no budget."""
        findings = tuple(self._findings())
        known = self.budget.configured.source.name == INSTALOADER
        return ProbeReport(findings, tuple(assumptions(findings)) if known else ())

    def _findings(self) -> Iterator[ProbeFinding]:
        for question in self._questions():
            if not self.budget.next_question():
                return
            finding = question.ask()
            self.budget.settle(finding)
            yield finding
            if finding.unreachable:
                return
            if finding.refused:
                name = self.budget.configured.source.name
                self.budget.notify(f"stopped: {name} answers {finding.outcome}")
                return

    def _questions(self) -> Iterator[ProbeQuestion]:
        if self.budget.configured.source.name != INSTALOADER:
            targets = (Target(Link(LinkKind.PROFILE, name), Metric.FOLLOWERS) for name in self.usernames)
            return (ProbeQuestion(PROFILE, one.link.key, partial(self._look, one)) for one in targets)
        cookies = read_file(Path(self.session_file).expanduser()) if self.session_file else None
        missing = f"no.such.{token_hex(8)}"  # a username that does not exist
        return Probe(TIMEOUT, self.budget.clock(), cookies).questions(self.usernames, missing, self.shortcode)

    def _look(self, target: Target) -> ProbeFinding:
        reading = self.budget.configured.source.read([target], self.budget.clock())
        outcome = reading.snapshots[0].outcome
        return ProbeFinding(PROFILE, target.link.key, outcome, requests=reading.requests)
