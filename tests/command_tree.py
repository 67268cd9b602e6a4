"""The commands of the program, found by click."""

from collections.abc import Iterator

import click

from refilld.cli.root import refilld


def commands(group: click.Group = refilld, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command that is not a group, as a tuple of words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


def command_at(path: tuple[str, ...]) -> click.Command:
    """The command of these words."""
    found: click.Command = refilld
    for name in path:
        assert isinstance(found, click.Group)
        command = found.get_command(click.Context(found), name)
        assert command is not None
        found = command
    return found
