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
from jobs.configured_source import Eye
from monitor.errors import BadInputError, RefilldError
from monitor.model.duration import format_duration
from monitor.model.link import Link, LinkKind, parse_link, parse_username
from monitor.model.snapshot import Snapshot
from monitor.model.target import Metric, Target
from monitor.sources.budget import Purpose
from monitor.sources.contract import Reading
from monitor.sources.instaloader.assumptions import Assumption, assumptions
from monitor.sources.instaloader.cookies import read_file
from monitor.sources.instaloader.probe import MOST_PROFILES, PROFILE, Finding, Probe, Question
from monitor.sources.instaloader.response_schema import Answered
from monitor.sources.instaloader.source import TIMEOUT
from refilld.cli.context import Office, pass_office
from refilld.cli.output import json_option, print_rows
from refilld.sources import open_eyes
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
@pass_office
def probe(office: Office, name: str, usernames: tuple[str, ...], post: str | None, *, as_json: bool) -> None:
    """Ask at most 20 times for public pages, keep the answers' shape, and say what to rely on today."""
    names = [parse_username(text, "USERNAME") for text in usernames or USUAL]
    if len(names) > MOST_PROFILES:
        raise BadInputError("USERNAME", f"no more than {MOST_PROFILES}: a probe is a few questions")
    code = _shortcode(post) if post else ""
    eye = _eye(office, name)
    with office.database() as database:
        questions = _questions(office, eye, names, code)
        findings = list(_answers(Purse(office, database, eye), questions))
    _print(findings, assumptions(findings) if name == INSTALOADER else [], as_json=as_json)
    if findings and findings[-1].unreachable:
        learned = f"stopped after {len(findings)} questions" if findings[1:] else "nothing was learned"
        click.echo(f"{HOST} cannot be reached from here (no answer); {learned}", err=True)
        raise click.exceptions.Exit(UNREACHABLE)


@dataclass
class Purse:
    """The source's own budget: every question is paid from it."""

    office: Office
    database: Database
    eye: Eye
    paid: int = 0

    def opens(self) -> bool:
        """Pay a request once the budget has room for it; False ends the probe, and says why.

        Raise RefilldError when not even the first question may be asked.
        """
        while pause := self._pay():
            if isinstance(pause, str) or pause > LONGEST_WAIT:
                return self._refuse(pause if isinstance(pause, str) else f"no room for {_rounded(pause)}")
            click.echo(f"the budget of {self.eye.source.name} has room in {_rounded(pause)}", err=True)
            sleep(pause.total_seconds())
        self.paid += 1
        return True

    def settle(self, finding: Finding) -> None:
        """Charge what the question took beyond the paid request; a refusal pauses the source."""
        eye, now = self.eye, self.office.now()
        with self.database.write() as tx:
            if finding.refused:
                request_accounting.settle(tx, eye, _reading(eye, finding, now), now, Purpose.CANARY)
            else:
                kept.note_requests(tx, eye.source.name, now, finding.requests - 1, purpose=Purpose.CANARY)

    def _pay(self) -> timedelta | str | None:
        """Pay a request; else returns how long the budget has no room, or what the breaker says."""
        now, eye = self.office.now(), self.eye
        with self.database.write() as tx:
            breaker = kept.breaker(tx, eye.source.name)
            if breaker.closed_until(now):
                return f"{breaker.state(now)} ({breaker.reason})"
            pause = request_accounting.closed_for(tx, eye, now)
            proving = request_accounting.canary_due(tx, eye)
            if pause is None:
                request_accounting.pay(tx, eye, now, 0, Purpose.CANARY)
        if pause is None and proving:
            request_accounting.prove(self.database, eye, self.office.clock)
            return self._pay()
        return pause

    def _refuse(self, problem: str) -> bool:
        if not self.paid:
            name = self.eye.source.name
            raise RefilldError(f"{name}: {problem}; nothing was asked, see `refilld sources list`")
        click.echo(f"stopped after {self.paid} questions: {problem}", err=True)
        return False


def _answers(purse: Purse, questions: Iterator[Question]) -> Iterator[Finding]:
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
            click.echo(f"stopped: {purse.eye.source.name} answers {finding.outcome}", err=True)
            return


def _reading(eye: Eye, refused: Finding, now: datetime) -> Reading:
    """What the account is told of a refusal; the target is not among those that are watched."""
    asked = Target(Link(LinkKind.PROFILE, refused.asked), Metric.FOLLOWERS)
    return Reading((Snapshot(asked, now, refused.outcome, eye.source.name),), refused.requests)


def _eye(office: Office, name: str) -> Eye:
    for eye in open_eyes(office.settings):
        if eye.source.name == name:
            return eye
    raise BadInputError("NAME", f"{name} is not enabled: write enabled = true under [sources.{name}] first")


def _questions(office: Office, eye: Eye, names: list[str], code: str) -> Iterator[Question]:
    """The probe's questions; a source of another kind is just asked for the profiles."""
    if eye.source.name != INSTALOADER:
        targets = (Target(Link(LinkKind.PROFILE, name), Metric.FOLLOWERS) for name in names)
        return (Question(PROFILE, one.link.key, partial(_look, office, eye, one)) for one in targets)
    file = office.settings.sources[INSTALOADER].session_file
    cookies = read_file(Path(file).expanduser()) if file else None
    # A name that nobody can have taken.
    return Probe(TIMEOUT, office.now(), cookies).questions(names, f"no.such.{token_hex(8)}", code)


def _look(office: Office, eye: Eye, target: Target) -> Finding:
    reading = eye.source.read([target], office.now())
    return Finding(PROFILE, target.link.key, reading.snapshots[0].outcome, requests=reading.requests)


def _shortcode(text: str) -> str:
    link = parse_link(text if "/" in text else f"/p/{text}/").link
    if link.kind is not LinkKind.POST:
        raise BadInputError("--post", f"{link} is not a post")
    return link.key


def _print(findings: list[Finding], held: list[Assumption], *, as_json: bool) -> None:
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


def _briefly(answer: Answered) -> str:
    said = answer.leads or answer.content_type
    return f"{answer.method} {answer.path} {answer.status or 'no answer'} {said} {answer.size} B"
