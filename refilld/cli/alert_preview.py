"""`refilld alerts preview`: subject and body of a kind of alert, with an example."""

from dataclasses import replace
from pathlib import Path

import click

from monitor.alerts.messages import title
from monitor.errors import RefilldError
from monitor.events.kind import EventKind
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.output import cell
from refilld.cli.parameters import choice
from refilld.texts.examples import example_row
from refilld.texts.shop_template import TemplateFaultError
from refilld.texts.shop_texts import BODY, SUBJECT, ShopTexts, load_shop_texts, tried

BUILT_IN = "built-in"


@click.command()
@click.argument("kind", type=choice(EventKind), metavar="KIND")
@click.option("--language", metavar="LANGUAGE", help="Instead of alerts.language.")
@click.option(
    "--template",
    "file",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="Try this file as the body, or as the subject if its name ends in .subject.txt.",
)
@pass_context
def preview(context: CommandContext, *, kind: str, language: str | None, file: Path | None) -> None:
    """Show the subject and the body of an alert of KIND, made of an example.

    Nothing is sent or stored. Says which template made each; what is wrong with one of them is told.
    """
    section = context.settings.alerts
    chosen = language or section.language
    texts = load_shop_texts(section.templates_folder, chosen)
    for name, value in _fields(_with_file(texts, file, EventKind(kind), chosen), EventKind(kind)).items():
        click.echo(f"{name}: {cell(value)}")
    for fault in texts.faults:
        click.echo(f"not used: {fault}", err=True)


def _with_file(texts: ShopTexts, file: Path | None, kind: EventKind, language: str) -> ShopTexts:
    """The texts with this file as a template of the kind; RefilldError if it cannot be used."""
    if file is None:
        return texts
    part = SUBJECT if file.name.endswith(SUBJECT) else BODY
    try:
        return replace(texts, templates={**texts.templates, (kind, part): tried(file, kind, language)})
    except TemplateFaultError as fault:
        raise RefilldError(str(fault)) from None


def _fields(texts: ShopTexts, kind: EventKind) -> dict[str, str]:
    row = example_row(kind)
    return {
        "kind": kind,
        "subject": title(kind, subject=texts.subject(row)),
        "subject from": _origin(texts, kind, SUBJECT),
        "body": texts.text(row),
        "body from": _origin(texts, kind, BODY),
    }


def _origin(texts: ShopTexts, kind: EventKind, part: str) -> str:
    used = texts.templates.get((kind, part))
    return BUILT_IN if used is None else str(used.path)
