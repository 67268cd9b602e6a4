"""The root command: help, search for the configuration, and exit codes."""

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from monitor.alerts.matchers import parse_matchers
from monitor.errors import BadInputError, RefilldError
from monitor.events.kind import EventKind
from monitor.guarantee.mass_drop import MassDropCounts
from monitor.guarantee.refund_review import Review, ReviewCause
from monitor.model.decision import Reason
from monitor.model.link import ForeignLinkError
from monitor.model.queue_part import PartKind, QueuePart
from monitor.model.role import Role
from monitor.model.target import Metric
from monitor.sources.contract import SourceContractError
from refilld.cli import root
from refilld.cli.root import exit_code, main, refilld
from refilld.config import ConfigError
from storage import daemons, errors, events, mass_drops, queue_pauses, reviews, silences, users
from storage.daemons import DaemonMode
from storage.schema import refills
from storage.silences import NewSilence
from tests.builders import DAY, an_event
from tests.command_tree import command_at, commands
from tests.main_in_process import run_main
from tests.refilld.cli_world import COMMAND, CliWorld, bare, csv, process, sold
from tests.refilld.queue_world import a_sold_order
from tests.storage.webhook_rows import an_endpoint, dispatch

TABLES = {
    "audit",
    "search",
    "backtest",
    "daemons",
    "doctor",
    "explain",
    "report",
    "list",
    "show",
    "status",
    "correct",
    "claim",
    "check",
    "import",
    "reterm",
    "probe",
    "simulate",
    "deliveries",
    "what-if",
}


ALL = list(commands())


# Help


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_has_help(path: tuple[str, ...]) -> None:
    """The purpose and the options, without any configuration."""
    result = CliRunner().invoke(refilld, [*path, "--help"])
    assert (result.exit_code, result.stderr) == (0, "")
    found = command_at(path)
    assert (found.help or "").strip()
    options = [given for given in found.params if isinstance(given, click.Option)]
    plain = {"--json", "--status", "--state", "--limit", "--metric", "--reason", "--help"}
    assert [one.opts for one in options if not one.help and not plain & set(one.opts)] == []


def test_the_help_names_every_group() -> None:
    """Sorted by name."""
    result = CliRunner().invoke(refilld, ["--help"])
    listed = [line.split()[0] for line in result.stdout.partition("Commands:\n")[2].splitlines()]
    assert listed == sorted({path[0] for path in ALL})


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_table_is_available_as_json(path: tuple[str, ...]) -> None:
    """With --json."""
    options = {option for given in command_at(path).params for option in given.opts}
    assert ("--json" in options) == (path[-1] in TABLES and path != ("db", "check"))


def test_the_version_is_that_of_the_distribution() -> None:
    """For bug reports."""
    result = CliRunner().invoke(refilld, ["--version"])
    assert result.stdout == f"refilld, version {version('refilld')}\n"


# Exit codes


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--version"], 0),
        (["--help"], 0),
        (["orders", "--help"], 0),
        (["orders", "list"], 0),
        (["orders", "import", "bad.csv"], 1),
        (["orders", "show", "404"], 1),
        (["orders", "import", "gone.csv"], 2),
        (["orders", "list", "--colour"], 2),
        (["order"], 2),
        ([], 2),
        (["orders"], 2),
        (["--config"], 2),
        (["--config", "gone.toml", "orders", "list"], 2),
        (["--config", "unreachable.toml", "orders", "list"], 3),
    ],
)
def test_exit_codes_are_those_of_the_documentation(cli: CliWorld, words: list[str], code: int) -> None:
    """0 success, 1 something was refused, 2 wrong usage or configuration, 3 unreachable."""
    cli.write(csv([sold(1, quantity=0)]), "bad.csv")
    cli.write("[database]\nurl = 'postgresql://shop:hunter2@127.0.0.1:1/refilld'\n", "unreachable.toml")
    result = cli.main(*words)
    assert result.returncode == code
    assert "Traceback" not in result.stderr
    assert "hunter2" not in result.stderr
    assert (result.stderr == "") == (code == 0)


def leaves(kind: type[RefilldError]) -> Iterator[type[RefilldError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from leaves(child)


def test_every_error_has_a_documented_exit_code() -> None:
    """Wrong configuration or usage is 2, an unreachable service 3, any other error 1."""
    wrong = {BadInputError, ForeignLinkError, SourceContractError, ConfigError}
    wrong |= {errors.NotMigratedError, errors.MovedError}
    expected = {
        kind: 1 for kind in leaves(RefilldError) if kind.__module__.startswith(("monitor", "storage"))
    }
    expected |= dict.fromkeys(wrong, 2) | dict.fromkeys(leaves(errors.UnreachableError), 3)
    found = {
        kind: exit_code(kind("x", "y") if issubclass(kind, BadInputError) else kind("x")) for kind in expected
    }
    assert found == expected


@pytest.mark.parametrize(
    ("raised", "code", "message"),
    [
        (errors.NotFoundError("there is no order 1"), 1, "refilld: there is no order 1\n"),
        (BadInputError("link", "is empty"), 2, "refilld: link: is empty\n"),
        (errors.UnreachableError("database x: gone"), 3, "refilld: database x: gone\n"),
        (click.ClickException("orders.csv: is empty"), 2, "Error: orders.csv: is empty\n"),
        (KeyboardInterrupt(), 130, "\n"),
        (click.exceptions.Exit(1), 1, ""),
    ],
)
def test_an_expected_error_is_one_line_and_its_exit_code(
    cli: CliWorld,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    raised: BaseException,
    code: int,
    message: str,
) -> None:
    """In every command."""

    @click.command()
    def failing() -> None:
        raise raised

    monkeypatch.setitem(refilld.commands, "failing", failing)
    monkeypatch.setattr(sys, "argv", ["refilld", "failing"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == code
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", message)


def test_an_unexpected_error_shows_its_traceback(cli: CliWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """For bug reports."""

    @click.command()
    def failing() -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(refilld.commands, "failing", failing)
    monkeypatch.setattr(sys, "argv", ["refilld", "failing"])
    with pytest.raises(ZeroDivisionError):
        main()


# The configuration


def test_the_configuration_is_searched_in_the_documented_order(cli: CliWorld) -> None:
    """`--config`, else $REFILLD_CONFIG, else ./refilld.toml; a variable overrides them all."""
    for name in ("said", "named", "variable"):
        cli.write(f"[database]\nurl = 'sqlite:///{name}.db'\n", f"{name}.toml")

    def output(*words: str, **environ: str) -> str:
        return cli.main(*words, "db", "upgrade", **environ).stdout

    url = {"REFILLD_DATABASE__URL": "sqlite:///variable.db"}
    named = {"REFILLD_CONFIG": "named.toml"}
    assert output().startswith(f"sqlite:///{cli.world.path} is at")
    assert output(**named).startswith("sqlite:///named.db is at")
    assert output("--config", "said.toml", **named).startswith("sqlite:///said.db is at")
    assert output("--config", "said.toml", **named, **url).startswith("sqlite:///variable.db is at")


def test_a_wrong_configuration_is_one_line_with_file_line_and_key(cli: CliWorld) -> None:
    """For every command; nothing is done."""
    cli.write("[queue]\nmax_atempts = 3\n", "refilld.toml")
    result = cli.main("orders", "list", "--json")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        "refilld: refilld.toml:2: unknown key queue.max_atempts; did you mean max_attempts?\n"
    )


def test_help_and_usage_need_no_configuration(tmp_path: Path) -> None:
    """The help is available before the first configuration."""
    (tmp_path / "refilld.toml").write_text("broken")
    assert run_main("orders", "import", "-h", cwd=tmp_path).returncode == 0
    wrong = run_main("orders", "show", cwd=tmp_path)
    assert wrong.stderr.splitlines()[-1] == "Error: Missing argument 'ID'."


# Output


def test_json_is_one_object_a_line_on_standard_output_and_nothing_else(cli: CliWorld) -> None:
    """In every command that has the option."""
    cli.world.queue("1", "2")
    cli.world.queue("3", "4", held=True)
    with cli.world.database.write() as tx:
        for order_id, reason in (("3", Reason.SHADOW), ("4", Reason.BACKLOG)):
            tx.execute(refills.update().where(refills.c.order_id == order_id).values(reason=reason))
        mass_drops.begin(tx, Metric.FOLLOWERS, MassDropCounts(20, 9), cli.world.now)
        blocked = events.add(tx, an_event(EventKind.SOURCE_BLOCKED, "blocked"), cli.world.now)
        now = cli.world.now
        silences.add(tx, NewSilence(parse_matchers("kind=disk.low"), "ana", "known", now, now + DAY), now)
        reviews.open_review(
            tx, Review("1", ReviewCause.SHORT_DELIVERY, 100, None), a_sold_order("1", "nasa"), cli.world.now
        )
    with cli.world.database.write() as tx:
        daemons.register(tx, "a-host", 7, "0.1.0", DaemonMode.RUN, cli.world.now)
        users.add(tx, "alice", Role.VIEWER, "hash", cli.world.now)
        queue_pauses.pause(tx, QueuePart(PartKind.PROVIDER, "nobody"), "known", cli.world.now)
    cli.run("token", "create", "--scope", "metrics:read")
    dispatch(cli.world.database, an_endpoint(cli.world.database))
    cli.write(csv([sold(9, "2024-01-01T00:00:00Z")]))
    needed: dict[str, list[object]] = {
        "orders import": [cli.home / "orders.csv"],
        "orders correct": ["1", "--start-count", 1000, "--comment", "why"],
        "orders reterm": ["--dry-run"],
        "orders show": ["1"],
        "check": ["1"],
        "alerts explain": [blocked],
        "simulate": ["--orders", 5, "--days", 1],
        "search": ["1"],
        "webhooks deliveries": ["1"],
    }
    for path in ALL:
        if "--json" not in {option for given in command_at(path).params for option in given.opts}:
            continue
        # have another output, notes beside it, or send requests to Instagram; tested elsewhere
        if path in {("backtest",), ("doctor",), ("sources", "probe"), ("retention", "what-if")}:
            continue
        result = cli.run(*path, *needed.get(" ".join(path), []), "--json")
        assert (result.exit_code, result.stderr) == (0, ""), path
        assert all(isinstance(json.loads(line), dict) for line in result.stdout.splitlines()), path
        assert result.stdout.strip(), path


def test_non_ascii_text_is_printed_in_any_locale(cli: CliWorld) -> None:
    """Also in the C locale."""
    cli.imported(sold(1).replace("acme", "Поставщик ☕"))
    result = cli.process("orders", "list", "--wide", LC_ALL="C")
    assert (result.returncode, "Поставщик ☕" in result.stdout) == (0, True)


def test_the_command_is_also_a_module(tmp_path: Path) -> None:
    """`refilld` and `python -m refilld` are the same."""
    script = Path(sys.executable).with_name("refilld")
    done = subprocess.run(
        [script, "refills", "--help"],
        env=bare(tmp_path, {}),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (
        done.stdout.replace("Usage: refilld", "Usage: python -m refilld")
        == process("refills", "--help", cwd=tmp_path).stdout
    )


def test_the_group_lists_the_commands_of_every_module() -> None:
    """A module that is imported only when its command is used must be listed with it."""
    folder = Path(root.__file__).parent
    names = {
        command.name: module
        for module in (path.stem for path in folder.glob("*.py"))
        for command in getattr(import_module(f"refilld.cli.{module}"), "COMMANDS", ())
    }
    assert names == root.MODULES


def test_output_to_a_full_disk_is_one_line(cli: CliWorld) -> None:
    """Exit code 3, and the interpreter does not complain again at its end."""
    cli.world.queue("1")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "refills", "list"], cwd=cli.home, env=bare(cli.home, {}), stdout=full,
            stderr=subprocess.PIPE, text=True, check=False, timeout=60,
        )  # fmt: skip
    expected = "refilld: the output cannot be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (3, expected)
