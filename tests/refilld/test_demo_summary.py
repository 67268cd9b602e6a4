"""What the demo prints at its end."""

from pathlib import Path

import pytest

from refilld.demo.summary import print_summary
from tests import lease_calls
from tests.refilld.queue_world import queue_world


def test_the_order_to_look_at_is_one_that_was_refilled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """So its chart has counts to show; without any refill none is named."""
    with queue_world(tmp_path) as world:
        world.queue("A-1", "A-2", "A-3")
        (first,) = world.claim()
        world.path.with_name("refilld.db").symlink_to(world.path)
        print_summary(tmp_path, explore=True)
        assert "orders show" not in capsys.readouterr().out
        with world.database.write() as tx:
            lease_calls.complete(tx, first.refill_id, first.lease_token, world.now)
        print_summary(tmp_path, explore=True)
        assert f"drops list · orders show {first.order_id} · refills list" in capsys.readouterr().out
