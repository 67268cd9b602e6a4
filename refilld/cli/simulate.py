"""`refilld simulate`: the real jobs on a virtual clock, in a world that is made up."""

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
from refilld.cli.output import json_option, print_json, print_rows
from refilld.cli.parameters import duration_between
from refilld.config import ConfigError
from refilld.logs import configure
from refilld.orders_file import ParsedRow, Refused
from refilld.settings import SamplingSection, Settings
from refilld.simulate.figures import figures
from refilld.simulate.report import assumptions, columns, crossing_rows, summary, table
from refilld.simulate.run import Simulation, SimulationPlan, Tell, fresh_database
from refilld.simulate.sales import due, read_orders
from refilld.simulate.setting import built_in, plugged_in, section_of, under
from refilld.simulate.true_drops import TrueDrop
from refilld.simulate.world import SimulatedWorld
from refilld.terminal import printable

BUILT_IN = SimulatedSource.name
CADENCES = get_args(SamplingSection.model_fields["cadence"].annotation)
_USUAL_ORDERS, _USUAL_SEED = 1_000, 1


@dataclass(frozen=True, slots=True)
class _Options:
    """What the command line asks for."""

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
        """Refuse what does not fit together."""
        if self.built_in and self.orders_file is not None:
            raise click.UsageError("--orders-file is for another --source; the built-in world sells its own")
        if not self.built_in and (self.orders, self.seed) != (None, None):
            raise click.UsageError("--orders and --seed are for the built-in world only")

    def world(self, settings: Settings) -> SimulatedWorld:
        """A new world, the same each time."""
        if not self.built_in:
            return plugged_in(settings, self.source)
        seed = _USUAL_SEED if self.seed is None else self.seed
        return built_in(settings, orders=self.orders or _USUAL_ORDERS, days=self.days, seed=seed)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What one policy came to."""

    policy: str
    summary: dict[str, object]
    true_drops: list[TrueDrop]
    refused: list[Refused]


@click.command()
@click.option("--source", default=BUILT_IN, show_default=True, help="The world: an installed source.")
@click.option(
    "--days", type=click.IntRange(1, 3_650), default=30, show_default=True, help="How long it is simulated."
)
@click.option("--orders", type=click.IntRange(1, 1_000_000), help="Under guarantee at any time; else 1000.")
@click.option(
    "--orders-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What is sold, where the source does not say it.",
)
@click.option("--seed", type=int, help="Another built-in world of the same kind.")
@click.option("--compare", type=click.Choice(CADENCES), help="Another cadence in the same world, beside it.")
@click.option(
    "--requests-per-hour", type=click.IntRange(1, 1_000_000), help="Instead of the configured budget."
)
@click.option(
    "--refill-after",
    type=duration_between(timedelta(0), timedelta(days=30)),
    default="24h",
    show_default=True,
    help="From a refill's claim to its delivery.",
)
@click.option("--config", type=click.Path(path_type=Path), help="The configuration to simulate.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Everything, as JSON Lines.")
@json_option
@pass_context
def simulate(context: CommandContext, /, *, config: Path | None, as_json: bool, **options: Any) -> None:
    """Simulate the configured shop: what its guarantee will cost, and what its budget can see.

    Nothing is written to the configured database, and nobody is told anything.
    """
    schedule_requests = _Options(**options)
    schedule_requests.check()
    context.config = config or context.config
    configure(level=logging.CRITICAL)  # that a simulated source pauses is no news
    plan = _plan(schedule_requests, context.settings)
    outcomes = [
        _simulated(plan, schedule_requests, settings)
        for settings in _policies(context.settings, schedule_requests.compare)
    ]
    said = assumptions(plan, schedule_requests.source, builtin=schedule_requests.built_in)
    if schedule_requests.output is not None:
        with atomic_file(schedule_requests.output) as file:
            file.writelines(f"{json.dumps(row)}\n" for row in _everything(outcomes, said))
    _print(outcomes, said, as_json=as_json)
    for refused in outcomes[0].refused:
        click.echo(
            refused.described(printable(str(schedule_requests.orders_file or schedule_requests.source))),
            err=True,
        )
    if outcomes[0].refused:
        raise click.exceptions.Exit(1)


def _policies(settings: Settings, other: str | None) -> list[Settings]:
    """The configured policy, and the one to compare it with."""
    if other is None:
        return [settings]
    if other == settings.sampling.cadence:
        raise click.UsageError(f"the configured cadence is {other} already; there is nothing to compare")
    return [settings, under(settings, other)]


def _plan(schedule_requests: _Options, settings: Settings) -> SimulationPlan:
    orders = _orders(schedule_requests.orders_file, settings)
    delivered = [at for at in map(due, orders or ()) if at is not None]
    return SimulationPlan(
        begin=min(delivered, default=BEGIN),
        days=schedule_requests.days,
        section=section_of(settings, schedule_requests.source, schedule_requests.requests_per_hour),
        delay=schedule_requests.refill_after,
        orders=orders,
    )


def _orders(path: Path | None, settings: Settings) -> list[ParsedRow] | None:
    if path is None:
        return None
    try:
        return read_orders(path, settings)
    except BadInputError as error:
        raise ConfigError(f"{printable(str(path))}: {error}") from None
    except OSError as error:
        raise click.ClickException(f"{printable(str(path))}: {error.strerror or error}") from None


def _simulated(plan: SimulationPlan, schedule_requests: _Options, settings: Settings) -> _Outcome:
    policy = settings.sampling.cadence
    with fresh_database() as database, _progress(policy, plan) as tell:
        happened = Simulation(plan, schedule_requests.world(settings), settings, database).run(tell)
    found, true_drops = figures(happened)
    return _Outcome(policy, summary(found), true_drops, happened.refused)


@contextmanager
def _progress(policy: str, plan: SimulationPlan) -> Iterator[Tell]:
    """Show a bar while time passes, on a terminal; elsewhere nothing."""
    bars = (TextColumn(f"simulating {policy}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*bars, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(policy, total=(plan.end - plan.begin).total_seconds())
        yield lambda now: bar.update(task, completed=(now - plan.begin).total_seconds())


def _everything(outcomes: Iterable[_Outcome], said: list[str]) -> Iterator[dict[str, object]]:
    """Every policy's figures, then every real drop under it."""
    for outcome in outcomes:
        yield {"policy": outcome.policy, **outcome.summary, "assumptions": said}
        yield from crossing_rows(outcome.policy, outcome.true_drops)


def _print(outcomes: list[_Outcome], said: list[str], *, as_json: bool) -> None:
    if as_json:
        for outcome in outcomes:
            print_json({"policy": outcome.policy, **outcome.summary, "assumptions": said})
        return
    rows = table({outcome.policy: outcome.summary for outcome in outcomes})
    print_rows(columns([outcome.policy for outcome in outcomes]), rows, as_json=False)
    click.echo("\n* weighted by the units lost. " + " ".join(said))


COMMANDS = (simulate,)
