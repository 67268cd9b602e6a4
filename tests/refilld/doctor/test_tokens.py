"""The doctor warns of tokens before they end."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from refilld.doctor import tokens as check
from storage import tokens
from storage.tokens import Scope
from tests.refilld.queue_world import QueueWorld, queue_world

DAY = timedelta(days=1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[QueueWorld]:
    with queue_world(tmp_path) as world:
        yield world


def said(world: QueueWorld) -> list[tuple[str, str]]:
    with world.database.read() as tx:
        return [(one.says, one.hint) for one in check.findings(tx, world.now)]


def test_a_token_that_has_ended_or_ends_within_two_weeks_is_a_warning(world: QueueWorld) -> None:
    """With the command that replaces it; not one that is revoked, or ends later."""
    assert said(world) == []
    with world.database.write() as tx:
        for name, days in (("panel", 16), ("robot", 2), ("free", None)):
            lifetime = None if days is None else days * DAY
            tokens.create(tx, name, [Scope.ORDERS_READ], world.now, lifetime=lifetime)
        tokens.revoke(tx, 2, world.now)
    world.now += DAY
    assert said(world) == [("no token ends within 14 days", "")]
    world.now += DAY
    remedy = "run: refilld token rotate 1"
    assert said(world) == [("token 1 (panel) ends at 2026-03-17 12:00 UTC", remedy)]
    world.now += 14 * DAY
    unneeded = "; or, if nobody needs it: refilld token revoke 1"
    assert said(world) == [("token 1 (panel) ended at 2026-03-17 12:00 UTC", remedy + unneeded)]
