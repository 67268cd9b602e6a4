"""The terms catalog: which terms an order is sold under, and their origin."""

from dataclasses import replace

import pytest

from monitor.model.service import Service
from monitor.model.terms import RefillMode, Terms, TermsOrigin
from monitor.model.terms_catalog import TermsCatalog
from tests.builders import DAY, START, an_order

DEFAULT = Terms(window=20 * DAY)
GOLD = Terms(name="gold", window=90 * DAY)
NAMED = {"default": DEFAULT, "gold": GOLD}
BOOK = TermsCatalog(NAMED, derives=True)
R60 = replace(DEFAULT, name="R60", window=60 * DAY)


def test_a_terms_catalog_always_has_default_terms() -> None:
    """The configuration may not name them."""
    assert dict(TermsCatalog({"gold": GOLD})) == {"default": Terms(), "gold": GOLD}
    assert dict(TermsCatalog(NAMED)) == NAMED
    assert len(TermsCatalog(NAMED)) == 2


@pytest.mark.parametrize(
    ("service", "called", "expected"),
    [
        (Service(terms="gold", name="Followers R60"), "R30", (GOLD, TermsOrigin.SERVICE)),
        (Service(name="Followers R60"), "R30", (R60, TermsOrigin.NAME)),
        (Service(), "Followers R60", (R60, TermsOrigin.NAME)),
        (Service(name="Followers"), "R30", (DEFAULT, TermsOrigin.DEFAULT)),
        (Service(), "1234", (DEFAULT, TermsOrigin.DEFAULT)),
    ],
)
def test_terms_of_the_service_precede_its_name_and_the_default(
    service: Service, called: str, expected: tuple[Terms, TermsOrigin]
) -> None:
    """Its name is the configured one, else what the order calls the service."""
    assert BOOK.of_service(service, called) == expected


def test_names_are_read_only_if_configured() -> None:
    """Derivation is off until the operator turns it on."""
    assert TermsCatalog(NAMED).of_service(Service(name="R60"), "R60") == (DEFAULT, TermsOrigin.DEFAULT)


def test_a_lifetime_in_a_name_is_a_year_unless_configured_as_unlimited() -> None:
    """365 days are usual."""
    for book, window in [(BOOK, 365 * DAY), (TermsCatalog(NAMED, derives=True, lifetime=None), None)]:
        terms, _ = book.of_service(Service(), "Lifetime")
        assert terms.window == window


@pytest.mark.parametrize("origin", [TermsOrigin.SERVICE, TermsOrigin.NAME, TermsOrigin.DEFAULT])
def test_terms_from_the_service_are_found_by_the_service_again(origin: TermsOrigin) -> None:
    """By its configured terms, its name or the default."""
    order = replace(an_order(), service="R60", terms_from=origin)
    assert BOOK.of_order(order, Service()) == (R60, TermsOrigin.NAME)
    assert BOOK.of_order(order, Service(terms="gold")) == (GOLD, TermsOrigin.SERVICE)


def test_terms_from_a_row_are_found_by_their_name() -> None:
    """With their present values, or None if they are no longer configured."""
    order = replace(an_order(), service="R60", terms=Terms(name="gold"))
    assert BOOK.of_order(order, Service()) == (GOLD, TermsOrigin.ROW)
    gone = replace(order, terms=Terms(name="silver"))
    assert BOOK.of_order(gone, Service()) is None


def test_an_order_sold_without_refill_carries_no_guarantee() -> None:
    """Whatever its status; it is not looked at either."""
    sold = an_order(refill=RefillMode.NEVER)
    assert (sold.guaranteed, sold.first_look(START)) == (False, None)
