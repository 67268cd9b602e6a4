"""Subscriptions: kinds by name and pattern, and filters."""

import pytest

from monitor.errors import BadInputError
from monitor.events.event import NOTHING, Subject
from monitor.events.kind import EventKind
from monitor.model.target import Metric
from monitor.webhooks.subscription import NOT_SENT, Subscription, checked_kinds

ABOUT = Subject("1", metric=Metric.LIKES, service="1234", provider="acme")


@pytest.mark.parametrize(
    ("kinds", "wanted"),
    [
        (("*",), True),
        (("drop.*",), True),
        (("drop.held",), True),
        (("refill.dead", "drop.held"), True),
        (("drop.confirmed",), False),
        (("refill.*",), False),
    ],
)
def test_a_kind_is_wanted_by_name_or_pattern(kinds: tuple[str, ...], wanted: bool) -> None:
    assert Subscription(kinds).wants(EventKind.DROP_HELD, ABOUT) is wanted


def test_a_pattern_ends_at_a_dot() -> None:
    """`drop.*` is not `mass_drop.started`, and `d*` is no pattern."""
    assert not Subscription(("drop.*",)).wants(EventKind.MASS_DROP_STARTED, NOTHING)
    assert not Subscription(("d*",)).wants(EventKind.DROP_HELD, ABOUT)


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ({"services": ("1234", "5")}, True),
        ({"services": ("5",)}, False),
        ({"providers": ("acme",)}, True),
        ({"providers": ("other",)}, False),
        ({"metrics": (Metric.LIKES,)}, True),
        ({"metrics": (Metric.VIEWS,)}, False),
        ({"services": ("1234",), "providers": ("other",)}, False),
    ],
)
def test_every_filter_must_let_an_event_pass(filters: dict[str, tuple[str, ...]], wanted: bool) -> None:
    assert Subscription(**filters).wants(EventKind.DROP_HELD, ABOUT) is wanted  # type: ignore[arg-type]


def test_an_event_about_no_service_passes_no_filter_of_services() -> None:
    assert not Subscription(services=("1234",)).wants(EventKind.SOURCE_BLOCKED, Subject(source="graph"))


@pytest.mark.parametrize("kind", sorted(NOT_SENT))
def test_changes_of_endpoints_and_tests_are_sent_to_no_subscriber(kind: EventKind) -> None:
    """An endpoint would get the news of its own addition."""
    assert not Subscription().wants(kind, NOTHING)
    with pytest.raises(BadInputError):
        checked_kinds([str(kind)])


def test_kinds_are_kept_once_and_all_is_the_default() -> None:
    assert checked_kinds(["drop.*", "refill.dead", "drop.*"]) == ("drop.*", "refill.dead")
    assert checked_kinds([]) == ("*",)


@pytest.mark.parametrize("kind", ["drop", "drop.", "drp.*", "", "drop.held.*", "**", "*.held"])
def test_a_kind_that_does_not_exist_is_refused_with_those_that_do(kind: str) -> None:
    with pytest.raises(BadInputError, match=r"is no kind of event; there are: drop\.confirmed"):
        checked_kinds([kind])
