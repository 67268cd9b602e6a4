"""Planning flags on several orders."""

from pathlib import Path

from monitor.model.order import Flag
from refilld.services.flag_bulk import plan_flag
from tests.migrated_database import migrated_database
from tests.refilld.queue_world import QueueWorld
from tests.refilld.web.statements import statements


def test_a_plan_takes_as_many_statements_for_many_orders_as_for_one(tmp_path: Path) -> None:
    """And keeps the order in which they were named, each once."""
    ids = [f"{i}" for i in range(30, 0, -1)]
    with migrated_database(tmp_path / "refilld.db") as database:
        QueueWorld(database, tmp_path).queue(*sorted(ids))
        numbers = []
        for named in (ids[:1], [*ids, *ids]):
            with database.read() as tx, statements() as sent:
                plan = plan_flag(tx, named, Flag.HOLD, sets=True)
            numbers.append(len(sent))
    assert [row.order_id for row in plan.planned] == ids
    assert numbers[0] == numbers[1]
