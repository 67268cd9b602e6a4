"""`refilld retention`: how long delivered units stay, and what the guarantee costs."""

import click

from monitor.errors import RefilldError
from monitor.model.target import Metric
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.lists import Column, list_options, print_below, print_list
from refilld.cli.output import cell, print_json
from refilld.cli.parameters import TEXT, choice
from refilld.cli.retention_fields import cost_row, curve_row, json_rows
from refilld.cli.retention_plot import drawn
from refilld.cli.what_if import what_if
from refilld.services.retention import RetentionFilter, RetentionOverview, compute, load
from refilld.terminal import console

CURVES = (
    Column("metric"),
    Column("service", least=8),
    Column("provider", least=8),
    Column("lost_30d"),
    Column("lost_7d"),
    Column("lost_60d"),
    Column("orders"),
    Column("units"),
    Column("days"),
)
COSTS = (
    Column("month"),
    Column("service", least=8),
    Column("provider", least=8),
    Column("units"),
    Column("price"),
    Column("currency"),
    Column("refills"),
    Column("metric"),
)
_WIDEST, _NO_TERMINAL, _HEIGHT = 120, 80, 14


@click.group(invoke_without_command=True)
@click.option("--service", type=TEXT, help="Only this service, also by provider.")
@click.option("--provider", type=TEXT, help="Only this provider, also by service.")
@click.option("--metric", type=choice(Metric))
@click.option("--compute", "now", is_flag=True, help="Compute everything anew first; takes up to minutes.")
@list_options
@pass_context
@click.pass_context
def retention(
    click_context: click.Context,
    context: CommandContext,
    /,
    *,
    service: str | None,
    provider: str | None,
    metric: str | None,
    now: bool,
    **shown: bool,
) -> None:
    """Show the share of delivered units that is lost by age, and what the guarantee cost by month."""
    if click_context.invoked_subcommand is not None:
        return
    wanted = RetentionFilter(Metric(metric) if metric else None, service, provider)
    with context.database() as database:
        if now and not compute(database, context.settings, context.clock):
            raise RefilldError(
                "another computation is under way, or was killed less than two hours ago; try again later"
            )
        with database.read() as tx:
            found = load(tx, wanted)
    if found is None:
        raise RefilldError("nothing was computed yet; run: refilld retention --compute")
    if shown["as_json"]:
        for row in json_rows(found):
            print_json(row)
    else:
        _print(found, wide=shown["wide"])


def _print(found: RetentionOverview, *, wide: bool) -> None:
    out = console()
    if found.curves:
        first = found.curves[0]
        width = min(out.width, _WIDEST) if out.is_terminal else _NO_TERMINAL
        name = first.name
        out.print(
            f"{name.metric}, service {name.service or '(all)'}, provider {name.provider or '(all)'}",
            markup=False,
        )
        for line in drawn(first.curve, width, _HEIGHT, colours=out.is_terminal):
            out.print(line, markup=False)
        out.print()
    print_list(CURVES, map(curve_row, found.curves), as_json=False, wide=wide)
    print_below(
        f"Turnbull estimate of {cell(found.run.finished_at)}, orders completed since "
        f"{cell(found.run.completed_since)}; in parentheses the 95% band. Curves of fewer than 20 orders "
        "are not shown, and organic growth hides losses (docs/retention.md)."
    )
    if found.costs:
        out.print("\nwhat the guarantee cost (delivered refills)")
        print_list(COSTS, map(cost_row, found.costs), as_json=False, wide=wide)


retention.add_command(what_if)
COMMANDS = (retention,)
