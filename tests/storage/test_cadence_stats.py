"""Cadence statistics: observations of all daemons add up, and each source has its virtual time."""

import pytest
from sqlalchemy.exc import IntegrityError

from monitor.cadence.hazard import Cell
from monitor.cadence.virtual_time import VirtualTime
from monitor.model.target import Metric
from storage import cadence_stats
from storage.engine import Database
from tests.builders import DAY, NOW
from tests.storage.shop import at_once, rows_of

A, B = Cell("R30 #1", 1, 2, 3, 4), Cell("likes", 0, 0, 0)
Statistics = dict[Cell, tuple[float, float]]
Sales = dict[tuple[str, Metric], tuple[float, float]]


def add(database: Database, statistics: Statistics) -> None:
    with database.write() as connection:
        cadence_stats.add(connection, statistics)


def known(database: Database) -> Statistics:
    with database.read() as connection:
        return cadence_stats.load(connection)


def sales(database: Database, sold: Sales) -> None:
    with database.write() as connection:
        cadence_stats.add_sales(connection, sold)


def rates(database: Database) -> dict[tuple[str, Metric], float]:
    with database.read() as connection:
        return cadence_stats.average_prices(connection)


def clock(database: Database, source: str) -> VirtualTime:
    with database.read() as connection:
        return cadence_stats.virtual_time(connection, source)


def save_clock(database: Database, source: str, state: VirtualTime) -> None:
    with database.write() as connection:
        cadence_stats.save_virtual_time(connection, source, state)


# Hazards


def test_statistics_survive_the_round_trip_exactly(database: Database) -> None:
    """Each cell with its events and its hours of exposure."""
    learned = {A: (0.1, 1e-9), B: (0.0, 123456.789)}
    assert known(database) == {}
    add(database, learned)
    assert known(database) == learned


def test_statistics_of_two_daemons_add_up(database: Database) -> None:
    """Neither overwrites the additions of the other."""
    add(database, {A: (1.0, 24.0), B: (0.5, 2.0)})
    add(database, {A: (2.0, 8.0)})
    assert known(database) == {A: (3.0, 32.0), B: (0.5, 2.0)}


def test_cells_that_differ_in_one_bucket_are_kept_apart(database: Database) -> None:
    """The key is service, age, margin, slope and span."""
    others = [A._replace(age=0), A._replace(margin=0), A._replace(slope=0), A._replace(span=0)]
    cells = [A, *others, A._replace(service="r30 #1")]
    learned = {cell: (float(number), 1.0) for number, cell in enumerate(cells)}
    add(database, learned)
    assert known(database) == learned


def test_adding_no_statistics_writes_no_row(database: Database) -> None:
    """A minute without looks writes no row."""
    add(database, {})
    assert rows_of(database, "hazard_cells") == []


def test_the_database_refuses_negative_statistics(database: Database) -> None:
    """Events and exposure have a CHECK."""
    add(database, {A: (1.0, 2.0)})
    for less in ((-2.0, 0.0), (0.0, -3.0)):
        with pytest.raises(IntegrityError):
            add(database, {A: less})
    assert known(database) == {A: (1.0, 2.0)}


def test_concurrent_additions_lose_nothing_and_do_not_deadlock(database: Database) -> None:
    """Whatever the order of their cells."""
    cells = [Cell(f"s{number % 10}", number // 10, 0, 0) for number in range(100)]

    def learn(number: int) -> None:
        for _ in range(3):
            add(database, dict.fromkeys(cells[::-1] if number % 2 else cells, (1.0, 0.5)))

    at_once(4, learn)
    assert known(database) == dict.fromkeys(cells, (12.0, 6.0))


# Clocks


def a_clock() -> VirtualTime:
    """A clock that has advanced."""
    state = VirtualTime()
    for number in range(1, 20):
        state.advance_to("likes", number / 7)
        state.record_served(10.0 / number)
        state.observe("likes", expected=0.01, crossed=number % 3 == 0, hours=5.0, now=NOW + number * DAY / 99)
    state.record_final_look(2.5)
    return state


def test_a_virtual_time_survives_the_round_trip_exactly(database: Database) -> None:
    """The stored virtual_due values are compared with it."""
    state = a_clock()
    assert state.dump() != VirtualTime().dump()
    save_clock(database, "graph", state)
    assert clock(database, "graph").dump() == state.dump()
    assert clock(database, "graph").position_of("likes", 9.0) == state.position_of("likes", 9.0)


def test_each_source_has_its_own_virtual_time(database: Database) -> None:
    """A saved one replaces the old one; an unsaved one is new."""
    save_clock(database, "graph", a_clock())
    save_clock(database, "instaloader", VirtualTime())
    later = a_clock()
    later.advance_to("likes", 99.0)
    save_clock(database, "graph", later)
    assert [row.source for row in rows_of(database, "virtual_times")] == ["graph", "instaloader"]
    assert clock(database, "graph").dump() == later.dump()
    assert clock(database, "instaloader").dump() == clock(database, "new").dump() == VirtualTime().dump()


# Unit prices


def test_the_unit_price_is_the_average_over_all_imports(database: Database) -> None:
    """By currency and metric."""
    assert rates(database) == {}
    sales(database, {("USD", Metric.FOLLOWERS): (1000.0, 2.0), ("EUR", Metric.FOLLOWERS): (10.0, 5.0)})
    sales(database, {("USD", Metric.FOLLOWERS): (3000.0, 2.0), ("USD", Metric.LIKES): (500.0, 1.0)})
    assert rates(database) == {
        ("USD", Metric.FOLLOWERS): 4.0 / 4000.0,
        ("EUR", Metric.FOLLOWERS): 0.5,
        ("USD", Metric.LIKES): 0.002,
    }


def test_without_sales_there_is_no_unit_price(database: Database) -> None:
    """Zero units cause no division by zero."""
    sales(database, {})
    sales(database, {("USD", Metric.LIKES): (0.0, 0.0)})
    assert rates(database) == {}


def test_concurrent_imports_add_all_their_sales(database: Database) -> None:
    """They lock rows in one order, so that they do not deadlock."""
    keys = [(currency, metric) for currency in ("EUR", "GBP", "USD") for metric in Metric]

    def sell(number: int) -> None:
        for _ in range(5):
            sales(database, dict.fromkeys(keys[::-1] if number % 2 else keys, (10.0, 1.0)))

    at_once(4, sell)
    assert {tuple(row)[2:] for row in rows_of(database, "unit_prices")} == {(200.0, 20.0)}
    assert rates(database) == dict.fromkeys(keys, 0.1)
