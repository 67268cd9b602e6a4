"""`refilld answers`: the sentences that answer customers, as a file of `answers.texts`."""

import click

from refilld.answers.sentences import SENTENCES
from refilld.cli.context import CommandContext, pass_context
from refilld.toml_format import toml_string


@click.command()
@click.option("--language", metavar="LANG", help="Instead of answers.language, such as es.")
@pass_context
def answers(context: CommandContext, *, language: str | None) -> None:
    """Print the sentences that answer customers, as a table for the file of answers.texts.

    Own texts are among them. A sentence with forms for several numbers is printed in that for many.
    """
    texts = context.answers_in(language)
    name = texts.known(language)
    click.echo(f"[{name}]")
    for key in SENTENCES:
        click.echo(f"{toml_string(key)} = {toml_string(texts.of(name).text(key))}")


COMMANDS = (answers,)
