"""`refilld sources probe`: ask a source a few questions, and say whether it still is what it is taken for."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from math import ceil
from pathlib import Path
from secrets import token_hex
from time import sleep

import click

from jobs import request_accounting
from jobs.configured_source import ConfiguredSource
from monitor.errors import BadInputError, RefilldError
from monitor.model.duration import format_duration
from monitor.model.link import Link, LinkKind, parse_link, parse_username
from monitor.model.snapshot import Snapshot
from monitor.model.target import Metric, Target
from monitor.sources.budget import Purpose
from monitor.sources.contract import Reading
from monitor.sources.instaloader.assumptions import Assumption, assumptions
from monitor.sources.instaloader.cookies import read_file
from monitor.sources.instaloader.probe import MOST_PROFILES, PROFILE, Probe, ProbeFinding, ProbeQuestion
from monitor.sources.instaloader.response_schema import ResponseShape
from monitor.sources.instaloader.source import TIMEOUT
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.output import json_option, print_rows
from refilld.sources import open_sources
from storage import sources as kept
from storage.engine import Database

INSTALOADER = "instaloader"
HOST = "www.instagram.com"
UNREACHABLE = 3
USUAL = ("instagram", "natgeo", "nasa")
LONGEST_WAIT = timedelta(minutes=10)
"""Between two questions; a budget that has no room for longer ends the probe."""
COLUMNS = ("about", "asked", "outcome", "views", "answers")
VERDICTS = ("assumption", "holds", "seen")


@click.command()
@click.argument("name")
@click.argument("usernames", metavar="[USERNAME]...", nargs=-1)
@click.option("--post", metavar="CODE", help="A public post, best a video: its shortcode or link.")
@json_option
@pass_context
def probe(
    context: CommandContext, name: str, usernames: tuple[str, ...], post: str | None, *, as_json: bool
) -> None:
    """Ask at most 20 times for public pages, keep the answers' shape, and say what to rely on today."""
    names = [parse_username(text, "USERNAME") for text in usernames or USUAL]
    if len(names) > MOST_PROFILES:
        raise BadInputError("USERNAME", f"no more than {MOST_PROFILES}: a probe is a few questions")
    code = _shortcode(post) if post else ""
    configured = _eye(context, name)
    with context.database() as database:
        questions = _questions(context, configured, names, code)
        findings = list(_answers(ProbeBudget(context, database, configured), questions))
    _print(findings, assumptions(findings) if name == INSTALOADER else [], as_json=as_json)
    if findings and findings[-1].unreachable:
        learned = f"stopped after {len(findings)} questions" if findings[1:] else "nothing was learned"
        click.echo(f"{HOST} cannot be reached from here (no answer); {learned}", err=True)
        raise click.exceptions.Exit(UNREACHABLE)


@dataclass
class ProbeBudget:
    """The source's own budget: every question is paid from it."""

    context: CommandContext
    database: Database
    configured: ConfiguredSource
    paid: int = 0

    def opens(self) -> bool:
        """Pay a request once the budget has room for it; False ends the probe, and says why.

        Raise RefilldError when not even the first question may be asked.
        """
        while pause := self._pay():
            if isinstance(pause, str) or pause > LONGEST_WAIT:
                return self._refuse(pause if isinstance(pause, str) else f"no room for {_rounded(pause)}")
            click.echo(f"the budget of {self.configured.source.name} has room in {_rounded(pause)}", err=True)
            sleep(pause.total_seconds())
        self.paid += 1
        return True

    def settle(self, finding: ProbeFinding) -> None:
        """Charge what the question took beyond the paid request; a refusal pauses the source."""
        configured, now = self.configured, self.context.now()
        with self.database.write() as tx:
            if finding.refused:
                request_accounting.settle_reading(
                    tx, configured, _reading(configured, finding, now), now, Purpose.CANARY
                )
            else:
                kept.note_requests(
                    tx, configured.source.name, now, finding.requests - 1, purpose=Purpose.CANARY
                )

    def _pay(self) -> timedelta | str | None:
        """Pay a request; else returns how long the budget has no room, or what the breaker says."""
        now, configured = self.context.now(), self.configured
        with self.database.write() as tx:
            breaker = kept.breaker(tx, configured.source.name)
            if breaker.closed_until(now):
                return f"{breaker.state(now)} ({breaker.reason})"
            pause = request_accounting.closed_for(tx, configured, now)
            half_open = request_accounting.canary_due(tx, configured)
            if pause is None:
                request_accounting.charge(tx, configured, now, 0, Purpose.CANARY)
        if pause is None and half_open:
            request_accounting.probe_canary(self.database, configured, self.context.clock)
            return self._pay()
        return pause

    def _refuse(self, problem: str) -> bool:
        if not self.paid:
            name = self.configured.source.name
            raise RefilldError(f"{name}: {problem}; nothing was asked, see `refilld sources list`")
        click.echo(f"stopped after {self.paid} questions: {problem}", err=True)
        return False


def _answers(purse: ProbeBudget, questions: Iterator[ProbeQuestion]) -> Iterator[ProbeFinding]:
    """Ask one question after the other, as fast as the budget allows, until one is refused or unheard."""
    for question in questions:
        if not purse.opens():
            return
        finding = question.ask()
        purse.settle(finding)
        yield finding
        if finding.unreachable:
            return
        if finding.refused:
            click.echo(f"stopped: {purse.configured.source.name} answers {finding.outcome}", err=True)
            return


def _reading(configured: ConfiguredSource, refused: ProbeFinding, now: datetime) -> Reading:
    """What the account is told of a refusal; the target is not among those that are watched."""
    asked = Target(Link(LinkKind.PROFILE, refused.asked), Metric.FOLLOWERS)
    return Reading((Snapshot(asked, now, refused.outcome, configured.source.name),), refused.requests)


def _eye(context: CommandContext, name: str) -> ConfiguredSource:
    for configured in open_sources(context.settings):
        if configured.source.name == name:
            return configured
    raise BadInputError("NAME", f"{name} is not enabled: write enabled = true under [sources.{name}] first")


def _questions(
    context: CommandContext, configured: ConfiguredSource, names: list[str], code: str
) -> Iterator[ProbeQuestion]:
    """The probe's questions; a source of another kind is just asked for the profiles."""
    if configured.source.name != INSTALOADER:
        targets = (Target(Link(LinkKind.PROFILE, name), Metric.FOLLOWERS) for name in names)
        return (
            ProbeQuestion(PROFILE, one.link.key, partial(_look, context, configured, one)) for one in targets
        )
    file = context.settings.sources[INSTALOADER].session_file
    cookies = read_file(Path(file).expanduser()) if file else None
    # A name that nobody can have taken.
    return Probe(TIMEOUT, context.now(), cookies).questions(names, f"no.such.{token_hex(8)}", code)


def _look(context: CommandContext, configured: ConfiguredSource, target: Target) -> ProbeFinding:
    reading = configured.source.read([target], context.now())
    return ProbeFinding(PROFILE, target.link.key, reading.snapshots[0].outcome, requests=reading.requests)


def _shortcode(text: str) -> str:
    link = parse_link(text if "/" in text else f"/p/{text}/").link
    if link.kind is not LinkKind.POST:
        raise BadInputError("--post", f"{link} is not a post")
    return link.key


def _print(findings: list[ProbeFinding], held: list[Assumption], *, as_json: bool) -> None:
    if as_json:
        print_rows((), [asdict(one) for one in findings], as_json=True)
        print_rows((), [asdict(one) for one in held], as_json=True)
        return
    answers = [asdict(one) | {"answers": [_briefly(answer) for answer in one.answers]} for one in findings]
    print_rows(COLUMNS, answers, as_json=False)
    if held:
        click.echo()
        print_rows(VERDICTS, [asdict(one) for one in held], as_json=False)


def _rounded(pause: timedelta) -> str:
    return format_duration(timedelta(seconds=ceil(pause.total_seconds())))


def _briefly(answer: ResponseShape) -> str:
    said = answer.leads or answer.content_type
    return f"{answer.method} {answer.path} {answer.status or 'no answer'} {said} {answer.size} B"
