"""What is checked after each fault, and the end of all work."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg

from tests.faults.action_log import lines_of
from tests.faults.checker import faults, not_made_good
from tests.faults.crew import Crew, until
from tests.faults.log_checker import broken_promises
from tests.faults.shop import Shop
from tests.faults.stored_rows import StoredRows, plain, stored_rows

SLOWLY = 0.2
"""Seconds between two looks at everything, which take longer than what is waited for."""


def execute(shop: Shop, statement: str) -> None:
    """Change the database as somebody else."""
    if shop.url.startswith("sqlite"):
        with closing(sqlite3.connect(shop.url.removeprefix("sqlite:///"), timeout=30)) as file, file:
            file.execute(statement)
    else:
        with psycopg.connect(plain(shop.url)) as connection:
            connection.execute(statement.encode())


def leases_end(shop: Shop) -> None:
    """The time of all leases passes, which are half a minute long."""
    execute(shop, "UPDATE refills SET leased_until = 1 WHERE state = 'claimed'")


def look_again(shop: Shop) -> None:
    """The time of the next looks comes, and that of looks which a kill has interrupted passes."""
    execute(shop, "UPDATE targets SET next_due_at = 1, claimed_until = NULL")


def check(shop: Shop) -> StoredRows:
    """Nothing is wrong, whatever is being done at the moment."""
    lines = list(logged(shop))
    rows = stored_rows(shop.url)
    found = faults(rows) + broken_promises(rows, lines)
    assert not found, "\n".join(found)
    return rows


def logged(shop: Shop) -> Iterator[dict[str, Any]]:
    """The lines of all consumers and producers."""
    for path in shop.place.glob("*.log"):
        if not path.name.startswith("daemon"):
            yield from lines_of(path)


def check_all_made_good(shop: Shop, crew: Crew) -> None:
    """Let daemons, producer and orderly consumers end all work; every loss is then delivered once."""
    until(lambda: all_sold(shop, crew.to_sell), lambda: f"the answers to {crew.to_sell} orders", SLOWLY)
    for number in crew.consumers():
        crew.kill(f"consumer-{number}")
        crew.consumer(number, orderly=True)
    look_again(shop)
    until(lambda: all_done(shop), lambda: f"the end of {undone(shop)}", 1.0)
    look_again(shop)
    until(lambda: not stored_rows(shop.url).due, lambda: "looks after the last delivery", SLOWLY)
    rows = check(shop)
    lost, delivered = shop.outside.lost(), list(shop.outside.delivered().values())
    found = not_made_good(rows, lost, delivered) + defects(shop)
    assert not found, "\n".join(found)


def defects(shop: Shop) -> list[str]:
    """Lines of the daemons' logs that are not JSON, or tell of an error that nobody expected."""
    texts = [path.read_text(encoding="utf-8") for path in shop.place.glob("daemon-*.log")]
    lines = [line for text in texts for line in text.splitlines()]
    return [line for line in lines if not line.startswith("{") or "exception" in json.loads(line)]


def all_sold(shop: Shop, number: int) -> bool:
    """Whether the producer has sold so many orders, and has answers to all."""
    lines = list(logged(shop))
    answered = {line["answered"] for line in lines if "answered" in line}
    batches = [line for line in lines if "sell" in line]
    return sum(len(batch["sell"]) for batch in batches) >= number and all(
        batch["key"] in answered for batch in batches
    )


def all_done(shop: Shop) -> bool:
    """Whether nothing is left to do; ends all leases, also those of consumers that were killed."""
    leases_end(shop)
    return not undone(shop)


def undone(shop: Shop) -> list[object]:
    """Orders of a producer that have no refill yet, and refills that are not completed."""
    rows = stored_rows(shop.url)
    sold = {order_id for line in logged(shop) if "sell" in line for order_id in line["sell"]}
    refilled = {refill.order_id for refill in rows.refills}
    return [*sold - refilled, *(one for one in rows.refills if one.state != "completed")]
