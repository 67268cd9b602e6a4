"""`refilld sources probe`: ask a source a few questions, and print which assumptions about it hold."""

from dataclasses import asdict
from functools import partial
from time import sleep

import click

from monitor.errors import BadInputError
from monitor.model.link import LinkKind, parse_link, parse_username
from monitor.sources.instaloader.probe import MOST_PROFILES
from monitor.sources.instaloader.response_schema import ResponseShape
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.lists import Column, list_options, print_list
from refilld.cli.output import print_json
from refilld.services.probe_budget import ProbeBudget
from refilld.services.source_probe import ProbeReport, SourceProbe
from refilld.sources import open_sources

HOST = "www.instagram.com"
UNREACHABLE = 3
DEFAULT_PROFILES = ("instagram", "natgeo", "nasa")
COLUMNS = (
    Column("about", least=12),
    Column("asked", least=12),
    Column("outcome"),
    Column("views"),
    Column("answers", least=20),
)
ASSUMPTION_COLUMNS = (Column("assumption", least=50), Column("holds"), Column("seen", least=16))


@click.command()
@click.argument("name")
@click.argument("usernames", metavar="[USERNAME]...", nargs=-1)
@click.option("--post", metavar="CODE", help="A public post, best a video: its shortcode or link.")
@list_options
@pass_context
def probe(
    context: CommandContext,
    name: str,
    usernames: tuple[str, ...],
    post: str | None,
    *,
    as_json: bool,
    wide: bool,
) -> None:
    """Ask at most 20 times for public pages, keep the answers' shape, and say what to rely on today."""
    names = [parse_username(text, "USERNAME") for text in usernames or DEFAULT_PROFILES]
    if len(names) > MOST_PROFILES:
        raise BadInputError("USERNAME", f"no more than {MOST_PROFILES}: a probe is a few questions")
    shortcode = _shortcode(post) if post else ""
    found = next((one for one in open_sources(context.settings) if one.source.name == name), None)
    if found is None:
        problem = f"{name} is not enabled: write enabled = true under [sources.{name}] first"
        raise BadInputError("NAME", problem)
    session_file = context.settings.sources[name].session_file
    with context.database() as database:
        budget = ProbeBudget(database, found, context.clock, sleep, partial(click.echo, err=True))
        report = SourceProbe(budget, names, shortcode, session_file).run()
    _print(report, as_json=as_json, wide=wide)
    if report.findings and report.findings[-1].unreachable:
        asked = len(report.findings)
        learned = f"stopped after {asked} questions" if asked > 1 else "nothing was learned"
        click.echo(f"{HOST} cannot be reached from here (no answer); {learned}", err=True)
        raise click.exceptions.Exit(UNREACHABLE)


def _shortcode(text: str) -> str:
    link = parse_link(text if "/" in text else f"/p/{text}/").link
    if link.kind is not LinkKind.POST:
        raise BadInputError("--post", f"{link} is not a post")
    return link.key


def _print(report: ProbeReport, *, as_json: bool, wide: bool) -> None:
    findings, assumptions = map(asdict, report.findings), [asdict(one) for one in report.assumptions]
    if as_json:
        for row in (*findings, *assumptions):
            print_json(row)
        return
    rows = [asdict(one) | {"answers": [_short(answer) for answer in one.answers]} for one in report.findings]
    print_list(COLUMNS, rows, as_json=False, wide=wide)
    if assumptions:
        click.echo()
        print_list(ASSUMPTION_COLUMNS, assumptions, as_json=False, wide=wide)


def _short(answer: ResponseShape) -> str:
    """An answer in one line: the request, its status, where it leads or its type, its size in bytes."""
    kind = answer.leads or answer.content_type
    return f"{answer.method} {answer.path} {answer.status or 'no answer'} {kind} {answer.size} B"
