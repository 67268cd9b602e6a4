"""Cells: from a raw row to an order, and the errors for invalid values."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import BadInputError
from monitor.model.link import Link, LinkKind
from monitor.model.order import Order, OrderStatus
from monitor.model.service import Service, Services
from monitor.model.target import Metric, Target
from monitor.model.terms import Terms, TermsOrigin
from monitor.model.terms_catalog import TermsCatalog
from refilld.orders_file import FIELDS, RawRow, parse_order

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
GOLD = Terms(name="gold", window=timedelta(days=60))
DEFAULT = Terms(settle=timedelta(hours=1))
SERVICES = Services(
    {
        "1234": Service(metric=Metric.FOLLOWERS),
        "Likes R60": Service(metric=Metric.LIKES, terms="gold"),
        "bare": Service(terms="gone"),
    }
)
GOOD = {
    "order_id": "17",
    "service": "1234",
    "link": "https://instagram.com/NASA/?igsh=1",
    "quantity": "1000",
    "status": "Completed",
    "completed_at": "2026-10-01T10:00:00Z",
}
POST = "https://www.instagram.com/nasa/p/CwX31XMMYAV/"


def _order(**cells: str) -> Order:
    return _order_under(SERVICES, **cells)


def _order_under(services: Mapping[str, Service], /, **cells: str) -> Order:
    row = RawRow(2, GOOD | cells)
    return parse_order(row, services=services, terms={"default": DEFAULT, "gold": GOLD}, now=NOW)


def _read(cells: Mapping[str, str]) -> tuple[BadInputError | None, Order | None]:
    try:
        return None, _order(**cells)
    except BadInputError as error:
        return error, None


def _refusal(**cells: str) -> str:
    with pytest.raises(BadInputError) as caught:
        _order(**cells)
    return str(caught.value)


def test_a_full_row_becomes_its_order() -> None:
    """Every field is set; the target has the canonical link, the typed one is stored."""
    order = _order(
        start_count=" 500 ",
        remains="100",
        metric="Followers",
        terms="gold",
        provider="p1",
        customer="Zoë 🙂",
        price="0.27819",
        currency="usd",
        status="PARTIAL",
    )
    assert order == Order(
        order_id="17",
        service="1234",
        target=Target(Link(LinkKind.PROFILE, "nasa"), Metric.FOLLOWERS),
        quantity=1000,
        status=OrderStatus.PARTIAL,
        terms=GOLD,
        remains=100,
        completed_at=datetime(2026, 10, 1, 10, tzinfo=UTC),
        start_count=500,
        link_typed="https://instagram.com/NASA/?igsh=1",
        provider="p1",
        customer="Zoë 🙂",
        price=Decimal("0.27819"),
        currency="USD",
    )


def test_missing_cells_are_none_or_zero() -> None:
    """An empty start count is unknown, never 0."""
    order = _order(start_count=" ", remains="", price="", customer="")
    assert (order.start_count, order.remains, order.price, order.customer) == (None, 0, None, None)
    assert order.terms == DEFAULT


@pytest.mark.parametrize(
    ("field", "text", "message"),
    [
        ("order_id", " ", "order_id: is missing; every order needs it"),
        ("order_id", "1\x00", "order_id: '1\\x00' has a control character; remove it"),
        ("order_id", "a\u202eb", "order_id: 'a\\u202eb' has a control character; remove it"),
        ("order_id", "\ud800", "order_id: '\\ud800' has a control character; remove it"),
        ("order_id", ".", "order_id: '.' cannot be written in an address; give the order another id"),
        ("order_id", " .. ", "order_id: '..' cannot be written in an address; give the order another id"),
        ("order_id", "x" * 101, f"order_id: '{'x' * 60}…' is longer than 100 characters"),
        ("service", "", "service: is missing; every order needs it"),
        ("service", "x" * 201, f"service: '{'x' * 60}…' is longer than 200 characters"),
        ("link", "", "link: is missing; every order needs it"),
        ("quantity", "", "quantity: is missing; every order needs it"),
        ("quantity", "12k", "quantity: '12k' is not a whole number; write it like 12000"),
        ("quantity", "1e3", "quantity: '1e3' is not a whole number; write it like 12000"),
        ("quantity", "+5", "quantity: '+5' is not a whole number; write it like 12000"),
        ("quantity", "1_000", "quantity: '1_000' is not a whole number; write it like 12000"),
        ("quantity", "١٢", "quantity: '١٢' is not a whole number; write it like 12000"),
        ("quantity", "0", "quantity: '0' is no order; write how many units were sold"),
        ("quantity", "-5", "quantity: '-5' is negative; write 0 or more"),
        ("quantity", "1000000001", "quantity: '1000000001' is more than 1000000000"),
        ("remains", "1001", "remains: '1001' is more than the quantity 1000"),
        ("quantity", "9" * 101, f"quantity: '{'9' * 60}…' is not a whole number; write it like 12000"),
        ("remains", "1000000000001", "remains: '1000000000001' is more than 1000000000000"),
        ("remains", "x", "remains: 'x' is not a whole number; write it like 12000"),
        ("status", "", "status: is missing; every order needs it"),
        ("status", "Done", "status: 'Done' is not known; write one of Pending, In progress, Processing,"),
        ("completed_at", "", "completed_at: is missing; an order with status Completed needs it"),
        (
            "completed_at",
            "yesterday",
            "completed_at: 'yesterday' is not a time; write it like 2026-01-02T03:04:05Z",
        ),
        ("completed_at", "2026-10-01", "completed_at: '2026-10-01' is not a time; --date-format '%Y-%m-%d'"),
        ("completed_at", "2026-02-30T00:00:00Z", "completed_at: '2026-02-30T00:00:00Z' is not a time; write"),
        ("completed_at", "2026-10-01T25:00:00Z", "completed_at: '2026-10-01T25:00:00Z' is not a time; write"),
        (
            "completed_at",
            "2026-10-01T10:00:00+99:00",
            "completed_at: '2026-10-01T10:00:00+99:00' is not a time;",
        ),
        (
            "completed_at",
            "0001-01-01T00:00:00+12:00",
            "completed_at: '0001-01-01T00:00:00+12:00' is not a time;",
        ),
        ("completed_at", "2026-11-01T12:06:00Z", "completed_at: '2026-11-01T12:06:00Z' lies in the future;"),
        ("completed_at", "99999999999", "completed_at: '99999999999' lies in the future;"),
        ("completed_at", "0", "completed_at: '0' is before 2010; there was no Instagram then"),
        ("metric", "comments", "metric: 'comments' is not counted; write one of followers, likes, views"),
        (
            "metric",
            "likes",
            "metric: likes does not agree with service '1234', which the configuration counts in",
        ),
        ("terms", "silver", "terms: there are no terms 'silver'; there are default, gold"),
    ],
)
def test_the_error_for_a_bad_cell_has_reason_and_remedy(field: str, text: str, message: str) -> None:
    """One line, naming the field, quoting the text, with the remedy."""
    refusal = _refusal(**{field: text})
    assert refusal.startswith(message)
    assert refusal.isprintable()


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("completed", OrderStatus.COMPLETED),
        ("Partial", OrderStatus.PARTIAL),
        ("PENDING", OrderStatus.PENDING),
        ("In progress", OrderStatus.IN_PROGRESS),
        ("in_progress", OrderStatus.IN_PROGRESS),
        ("In Progress", OrderStatus.IN_PROGRESS),
        ("processing", OrderStatus.PROCESSING),
        ("Canceled", OrderStatus.CANCELED),
        ("Cancelled", OrderStatus.CANCELED),
        ("Refunded", OrderStatus.REFUNDED),
        ("fail", OrderStatus.FAIL),
    ],
)
def test_a_status_is_case_insensitive_and_may_be_spelled_cancelled(text: str, status: OrderStatus) -> None:
    """Other spellings of panels are accepted too."""
    assert _order(status=text).status is status


@pytest.mark.parametrize("status", [status for status in OrderStatus if not status.delivered])
def test_an_order_that_is_not_delivered_has_no_time_of_completion(status: OrderStatus) -> None:
    """The column is ignored."""
    assert _order(status=status.value, completed_at="never").completed_at is None
    assert _order(status=status.value).completed_at is None


@pytest.mark.parametrize(
    "text",
    [
        "2026-10-01T10:00:00Z",
        "2026-10-01t10:00:00z",
        "2026-10-01T10:00:00",
        "2026-10-01 10:00:00",
        "2026-10-01T12:00:00+02:00",
        "2026-10-01T10:00:00.000000000Z",
        "1790848800",
    ],
)
def test_a_time_is_rfc_3339_or_unix_seconds_and_utc_unless_it_has_an_offset(text: str) -> None:
    """All of them are the same time, in UTC."""
    at = _order(completed_at=text).completed_at
    assert at == datetime(2026, 10, 1, 10, tzinfo=UTC)
    assert at is not None
    assert at.tzinfo is UTC


def test_a_completion_slightly_in_the_future_is_accepted() -> None:
    """By up to five minutes."""
    assert _order(completed_at="2026-11-01T12:05:00Z").completed_at == NOW + timedelta(minutes=5)


@given(
    st.datetimes(
        min_value=datetime(2010, 1, 2),  # noqa: DTZ001
        max_value=datetime(2026, 10, 30),  # noqa: DTZ001
        timezones=st.integers(-720, 720).map(lambda minutes: timezone(timedelta(minutes=minutes))),
    )
)
def test_any_rfc_3339_time_is_read_exactly(at: datetime) -> None:
    """With any offset and any fraction of a second."""
    assert _order(completed_at=at.isoformat()).completed_at == at


def test_a_service_is_found_exactly_or_else_in_any_case() -> None:
    """The configuration sets its metric and terms."""
    for name in ("Likes R60", "likes r60"):
        order = _order(service=name, link=POST)
        assert (order.service, order.target.metric, order.terms) == (name, Metric.LIKES, GOLD)


def test_a_plain_mapping_of_services_is_searched_the_same_way() -> None:
    """The class `Services` is optional."""
    assert _order_under({"abc": Service(metric=Metric.FOLLOWERS)}, service="ABC").service == "ABC"


def test_services_that_differ_only_in_case_need_the_exact_name() -> None:
    """An exact spelling has precedence; another spelling is refused."""
    services = Services({"a": Service(name="small"), "A": Service(name="big"), "B": Service()})
    assert (services["a"].name, services["A"].name, len(services)) == ("small", "big", 3)
    assert list(services) == ["a", "A", "B"]
    assert "b" in services
    assert "ª" not in services
    assert Services({"ab": Service(), "AB": Service()}).get("aB") is None


def test_an_unknown_service_needs_the_metric_in_the_row() -> None:
    """The default terms apply."""
    order = _order(service="new", metric="LIKES", link=POST)
    assert (order.target.metric, order.terms) == (Metric.LIKES, DEFAULT)
    assert _refusal(service="new") == (
        "metric: is missing, and the configuration has no metric for service 'new';"
        ' write one of followers, likes, views in a metric column, or under [services."new"]'
    )


def test_terms_of_the_row_override_those_of_the_service() -> None:
    """The terms of the order have precedence."""
    assert _order(service="likes r60", link=POST, terms="default").terms == DEFAULT
    assert _refusal(service="bare", metric="followers") == (
        "terms: there are no terms 'gone'; there are default, gold"
    )


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            {"link": "/p/CwX31/"},
            "metric: followers are counted on a profile, but https://www.instagram.com/p/CwX31/ is a post",
        ),
        (
            {"service": "x", "metric": "views"},
            "metric: views are counted on a post, but https://www.instagram.com/nasa/ is a profile",
        ),
    ],
)
def test_a_metric_must_fit_the_kind_of_page(cells: dict[str, str], message: str) -> None:
    """Followers are a profile's; likes and views are a post's."""
    assert _refusal(**cells) == message


def test_only_posts_have_an_owner_and_the_column_overrides_the_link() -> None:
    """A profile has no owner; a post's owner is stored in lower case."""
    likes = {"service": "Likes R60", "link": POST}
    assert _order(**likes).target.owner == "nasa"
    assert _order(**likes, owner="@ESA").target.owner == "esa"
    assert _order(owner="esa").target.owner is None


@pytest.mark.parametrize(
    ("cells", "window", "origin"),
    [
        ({"service": "Likes R60", "link": POST, "terms": "default"}, 30, TermsOrigin.ROW),
        ({"service": "Likes R60", "link": POST}, 60, TermsOrigin.SERVICE),
        ({"service": "other R90", "metric": "followers"}, 90, TermsOrigin.NAME),
        ({"service": "9"}, 120, TermsOrigin.NAME),
        ({"service": "1234"}, 30, TermsOrigin.DEFAULT),
    ],
)
def test_terms_come_from_row_service_name_or_default(
    cells: dict[str, str], window: int, origin: TermsOrigin
) -> None:
    """The order stores their origin."""
    services = {**SERVICES, "9": Service(metric=Metric.FOLLOWERS, name="Followers R120")}
    book = TermsCatalog({"default": DEFAULT, "gold": GOLD}, derives=True)
    order = parse_order(RawRow(2, GOOD | cells), services=services, terms=book, now=NOW)
    assert (order.terms.window, order.terms_from) == (timedelta(days=window), origin)


@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=30)))
def test_any_cells_are_an_order_or_a_refusal_that_names_a_field(cells: dict[str, str]) -> None:
    """No other error than BadInputError is raised."""
    fault, order = _read(cells)
    if order is None:
        assert fault is not None
        assert fault.field in FIELDS
        assert fault.problem.isprintable()
    else:
        assert order.status.delivered == (order.completed_at is not None)
