"""`refilld simulate`: the daemon's jobs on a virtual clock, with a simulated source."""

import json
import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from monitor.errors import BadInputError
from monitor.sources.simulated.source import BEGIN, SimulatedSource
from refilld.atomic_file import atomic_file
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.lists import Column, print_list
from refilld.cli.output import json_option, print_json
from refilld.cli.parameters import duration_between
from refilld.config import ConfigError
from refilld.logs import configure
from refilld.orders_file import Notes, ParsedRow, Refused
from refilld.settings.settings import SamplingSection, Settings
from refilld.simulate.figures import figures
from refilld.simulate.report import assumptions, summary, table, true_drop_rows
from refilld.simulate.run import OnProgress, Simulation, SimulationPlan, fresh_database
from refilld.simulate.sales import delivered_at, read_orders
from refilld.simulate.setting import built_in, plugged_in, section_of, with_cadence
from refilld.simulate.true_drops import TrueDrop
from refilld.simulate.world import SimulatedWorld
from refilld.terminal import printable

BUILT_IN = SimulatedSource.name
CADENCES = get_args(SamplingSection.model_fields["cadence"].annotation)
_DEFAULT_ORDERS, _DEFAULT_SEED = 1_000, 1


@dataclass(frozen=True, slots=True)
class _Options:
    """The options of the command."""

    source: str
    days: int
    orders: int | None
    orders_file: Path | None
    seed: int | None
    compare: str | None
    requests_per_hour: int | None
    refill_after: timedelta
    output: Path | None

    @property
    def built_in(self) -> bool:
        return self.source == BUILT_IN

    def check(self) -> None:
        """Raise UsageError for options that exclude each other."""
        if self.built_in and self.orders_file is not None:
            raise click.UsageError("--orders-file is for another --source; the built-in world sells its own")
        if not self.built_in and (self.orders, self.seed) != (None, None):
            raise click.UsageError("--orders and --seed are for the built-in world only")

    def world(self, settings: Settings) -> SimulatedWorld:
        """A new world; the same options give the same world."""
        if not self.built_in:
            return plugged_in(settings, self.source)
        seed = _DEFAULT_SEED if self.seed is None else self.seed
        return built_in(settings, orders=self.orders or _DEFAULT_ORDERS, days=self.days, seed=seed)


@dataclass(frozen=True, slots=True)
class _PolicyResult:
    """The result under one cadence."""

    policy: str
    summary: dict[str, object]
    true_drops: list[TrueDrop]
    refused: list[Refused]


@click.command()
@click.option("--source", default=BUILT_IN, show_default=True, help="The world: an installed source.")
@click.option(
    "--days", type=click.IntRange(1, 3_650), default=30, show_default=True, help="Days to simulate."
)
@click.option(
    "--orders",
    type=click.IntRange(1, 1_000_000),
    help="Orders under guarantee at any time; the default is 1000.",
)
@click.option(
    "--orders-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The orders to sell, for a source that sells none.",
)
@click.option("--seed", type=int, help="Seed of the built-in world.")
@click.option(
    "--compare", type=click.Choice(CADENCES), help="Another cadence to compare with, in the same world."
)
@click.option(
    "--requests-per-hour", type=click.IntRange(1, 1_000_000), help="Instead of the configured budget."
)
@click.option(
    "--refill-after",
    type=duration_between(timedelta(0), timedelta(days=30)),
    default="24h",
    show_default=True,
    help="Time from a refill's claim to its delivery.",
)
@click.option("--config", type=click.Path(path_type=Path), help="The configuration to simulate.")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="File for all results, as JSON Lines."
)
@json_option
@pass_context
def simulate(context: CommandContext, /, *, config: Path | None, as_json: bool, **options: Any) -> None:
    """Simulate the configured shop: what its guarantee will cost, and what its budget can see.

    Nothing is written to the configured database, and no alerts are sent.
    """
    chosen = _Options(**options)
    chosen.check()
    context.config = config or context.config
    configure(level=logging.CRITICAL)  # a paused simulated source is not worth a warning
    plan = _plan(chosen, context.settings)
    results = [_simulated(plan, chosen, settings) for settings in _policies(context.settings, chosen.compare)]
    sentences = assumptions(plan, chosen.source, builtin=chosen.built_in)
    if chosen.output is not None:
        with atomic_file(chosen.output) as file:
            file.writelines(f"{json.dumps(row)}\n" for row in _json_rows(results, sentences))
    _print(results, sentences, as_json=as_json)
    for refused in results[0].refused:
        click.echo(
            refused.described(printable(str(chosen.orders_file or chosen.source))),
            err=True,
        )
    if results[0].refused:
        raise click.exceptions.Exit(1)


def _policies(settings: Settings, other: str | None) -> list[Settings]:
    """The configured settings, and those with the cadence to compare with."""
    if other is None:
        return [settings]
    if other == settings.sampling.cadence:
        raise click.UsageError(f"the configured cadence is {other} already; there is nothing to compare")
    return [settings, with_cadence(settings, other)]


def _plan(chosen: _Options, settings: Settings) -> SimulationPlan:
    orders = _orders(chosen.orders_file, settings)
    delivered = [at for at in map(delivered_at, orders or ()) if at is not None]
    return SimulationPlan(
        begin=min(delivered, default=BEGIN),
        days=chosen.days,
        section=section_of(settings, chosen.source, chosen.requests_per_hour),
        delay=chosen.refill_after,
        orders=orders,
    )


def _orders(path: Path | None, settings: Settings) -> list[ParsedRow] | None:
    if path is None:
        return None
    notes = Notes()
    try:
        orders = read_orders(path, settings, notes)
    except BadInputError as error:
        raise ConfigError(f"{printable(str(path))}: {error}") from None
    except OSError as error:
        raise click.ClickException(f"{printable(str(path))}: {error.strerror or error}") from None
    for line in notes.lines():
        click.echo(f"{printable(path.name)}: {line}", err=True)
    return orders


def _simulated(plan: SimulationPlan, chosen: _Options, settings: Settings) -> _PolicyResult:
    policy = settings.sampling.cadence
    with fresh_database() as database, _progress(policy, plan) as on_progress:
        record = Simulation(plan, chosen.world(settings), settings, database).run(on_progress)
    found, true_drops = figures(record)
    return _PolicyResult(policy, summary(found), true_drops, record.refused)


@contextmanager
def _progress(policy: str, plan: SimulationPlan) -> Iterator[OnProgress]:
    """Show a progress bar on standard error if that is a terminal."""
    bars = (TextColumn(f"simulating {policy}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*bars, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(policy, total=(plan.end - plan.begin).total_seconds())
        yield lambda now: bar.update(task, completed=(now - plan.begin).total_seconds())


def _json_rows(results: Iterable[_PolicyResult], sentences: list[str]) -> Iterator[dict[str, object]]:
    """For each policy its figures, then every true drop."""
    for result in results:
        yield {"policy": result.policy, **result.summary, "assumptions": sentences}
        yield from true_drop_rows(result.policy, result.true_drops)


def _print(results: list[_PolicyResult], sentences: list[str], *, as_json: bool) -> None:
    if as_json:
        for result in results:
            print_json({"policy": result.policy, **result.summary, "assumptions": sentences})
        return
    rows = table({result.policy: result.summary for result in results})
    policies = [Column(result.policy) for result in results]
    print_list([Column("", least=32), *policies], rows, as_json=False, wide=False)
    click.echo("\n* weighted by the units lost. " + " ".join(sentences))


COMMANDS = (simulate,)
