"""`refilld demo`: the demonstration; it needs the optional dependencies of the extra `demo`."""

import click

from refilld.extras import install_command


@click.command()
@click.option(
    "--keep", type=click.Path(file_okay=False), help="Folder for the database; the default is a new folder."
)
@click.option("--stay", is_flag=True, help="Go on until Ctrl+C, with the pages open; the sign-in is printed.")
def demo(keep: str | None, *, stay: bool) -> None:
    """Run the main job end to end against a simulated Instagram on loopback; nothing to configure.

    It writes a configuration of its own, and REFILLD_… variables of the environment have no effect on it.
    """
    try:
        from refilld.demo.show import run_demo  # noqa: PLC0415  # its dependencies are an extra
    except ModuleNotFoundError as error:
        problem = (
            f"the demo needs {error.name}, from the extra demo of refilld; run: {install_command('demo')}"
        )
        raise click.ClickException(problem) from None
    run_demo(keep, stay=stay)


COMMANDS = (demo,)
