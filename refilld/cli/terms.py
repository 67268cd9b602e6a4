"""`refilld terms`: the sets of terms, the services that use them, and the orders sold under them."""

from dataclasses import dataclass, field

import click

from monitor.errors import BadInputError
from monitor.model.terms import Terms, TermsOrigin
from monitor.model.terms_catalog import TermsCatalog
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.lists import Column, list_options, print_list
from refilld.cli.parameters import TEXT
from refilld.settings.settings import Settings
from refilld.terms_format import FIELDS, terms_fields
from storage import order_terms
from storage.errors import NotMigratedError, UnreachableError

_COLUMNS = (
    Column("terms", least=12),
    Column("kind"),
    Column("services", least=16),
    Column("orders"),
    *map(Column, FIELDS),
)
SoldTerms = list[tuple[Terms, TermsOrigin, int]]
"""Sets of terms with their origin and number of orders."""


@dataclass(slots=True)
class _TermsUse:
    """The use of a set of terms."""

    services: list[str] = field(default_factory=list)
    orders: int = 0


TermsUses = dict[tuple[Terms, bool], _TermsUse]
"""By set, and whether it was derived from a service name."""


@click.group()
def terms() -> None:
    """The terms of orders."""


@terms.command()
@click.argument("name", required=False, type=TEXT)
@list_options
@pass_context
def show(context: CommandContext, name: str | None, *, as_json: bool, wide: bool) -> None:
    """Show the configured sets of terms, and others that orders were sold under."""
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
    print_list(_COLUMNS, named, as_json=as_json, wide=wide)


def _sold(context: CommandContext) -> SoldTerms | None:
    """The orders sold under each set; None, with a message on standard error, without a database."""
    try:
        with context.database() as database, database.read() as tx:
            return order_terms.counted(tx)
    except (NotMigratedError, UnreachableError) as error:
        click.echo(f"orders are not counted: {error}", err=True)
        return None


def _uses(settings: Settings, sold: SoldTerms) -> TermsUses:
    """Every set: configured ones first, then those derived from service names, then sold ones."""
    catalog = settings.all_terms
    uses: TermsUses = {(terms, False): _TermsUse() for terms in catalog.values()}
    for service_name, service in settings.all_services.items():
        terms, origin = catalog.of_service(service, service_name)
        uses.setdefault((terms, origin is TermsOrigin.NAME), _TermsUse()).services.append(service_name)
    for terms, origin, number in sorted(sold, key=lambda one: one[0].name):
        uses.setdefault((terms, origin is TermsOrigin.NAME), _TermsUse()).orders += number
    return uses


def _row(
    key: tuple[Terms, bool], use: _TermsUse, catalog: TermsCatalog, *, counted: bool
) -> dict[str, object]:
    terms, derived = key
    kind = "configured" if catalog.get(terms.name) == terms else "as sold"
    return {
        "terms": terms.name,
        "kind": "from names" if derived else kind,
        "services": use.services,
        "orders": use.orders if counted else None,
        **terms_fields(terms),
    }


COMMANDS = (terms,)
