"""`refilld terms`: the sets of terms, who uses them, and how many orders were sold under them."""

from dataclasses import dataclass, field

import click

from monitor.errors import BadInputError
from monitor.model.terms import Terms, TermsOrigin
from monitor.model.terms_catalog import TermsCatalog
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.output import json_option, print_rows
from refilld.cli.parameters import TEXT
from refilld.settings import Settings
from refilld.terms_format import FIELDS, terms_fields
from storage import order_terms
from storage.errors import NotMigratedError, UnreachableError

_COLUMNS = ("terms", "kind", "services", "orders", *FIELDS)
Sold = list[tuple[Terms, TermsOrigin, int]]


@dataclass(slots=True)
class _Use:
    """What a set is used for."""

    services: list[str] = field(default_factory=list)
    orders: int = 0


Uses = dict[tuple[Terms, bool], _Use]
"""By set, and whether it is derived from a name."""


@click.group()
def terms() -> None:
    """The terms that orders are sold under."""


@terms.command()
@click.argument("name", required=False, type=TEXT)
@json_option
@pass_context
def show(context: CommandContext, name: str | None, *, as_json: bool) -> None:
    """Show the sets of terms of the configuration, and those that orders were sold under besides."""
    sold = _sold(context)
    uses = _uses(context.settings, sold or [])
    named = [
        _row(key, use, context.settings.all_terms, counted=sold is not None)
        for key, use in uses.items()
        if name in {None, key[0].name}
    ]
    if not named:
        known = ", ".join(sorted({key[0].name for key in uses}))
        raise BadInputError("NAME", f"there are no terms {name!r}; there are: {known}")
    print_rows(_COLUMNS, named, as_json=as_json)


def _sold(context: CommandContext) -> Sold | None:
    """How many orders were sold under which terms; None, and a line that says why, without a database."""
    try:
        with context.database() as database, database.read() as tx:
            return order_terms.counted(tx)
    except (NotMigratedError, UnreachableError) as error:
        click.echo(f"orders are not counted: {error}", err=True)
        return None


def _uses(settings: Settings, sold: Sold) -> Uses:
    """Every set: those of the configuration first, then what its services derive, then what was sold."""
    book = settings.all_terms
    uses: Uses = {(terms, False): _Use() for terms in book.values()}
    for called, service in settings.all_services.items():
        terms, origin = book.of_service(service, called)
        uses.setdefault((terms, origin is TermsOrigin.NAME), _Use()).services.append(called)
    for terms, origin, number in sorted(sold, key=lambda one: one[0].name):
        uses.setdefault((terms, origin is TermsOrigin.NAME), _Use()).orders += number
    return uses


def _row(key: tuple[Terms, bool], use: _Use, book: TermsCatalog, *, counted: bool) -> dict[str, object]:
    terms, derived = key
    kept = "configured" if book.get(terms.name) == terms else "as sold"
    return {
        "terms": terms.name,
        "kind": "from names" if derived else kept,
        "services": use.services,
        "orders": use.orders if counted else None,
        **terms_fields(terms),
    }


COMMANDS = (terms,)
