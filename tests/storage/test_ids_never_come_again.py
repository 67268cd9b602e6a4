"""No id is ever given out twice, whatever is created, deleted, backed up, restored, lost or copied."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from storage import backup as backups
from storage import restore
from storage.alert_tables import events
from storage.backup import Backup
from storage.engine import Database
from storage.source_tables import source_requests
from tests.builders import NOW, SECOND
from tests.effort import EFFORT
from tests.migrated_database import migrated_database
from tests.postgres_server import fast_directory

AN_EVENT = {
    "kind": "drop.held", "version": 0, "severity": "warning", "status": "occurred", "dedup_key": "k",
    "payload": "{}", "at": NOW, "alert": "kept", "actor": "",
}  # fmt: skip
Step: TypeAlias = tuple[Literal["create", "delete", "backup", "restore", "lose"], int]
KEYS = {
    source_requests: (source_requests.c.request_id, {"source": "graph", "at": NOW}),
    events: (
        events.c.event_id,
        AN_EVENT,
    ),
}
STEPS = st.lists(
    st.tuples(st.sampled_from(["create", "delete", "backup", "restore", "lose"]), st.integers(0, 3)),
    max_size=8,
)


class World:
    """A database at a URL, its backups, and every id that it has given out."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.backups: list[Backup] = []
        self.given: set[tuple[str, int]] = set()
        self.now: datetime = NOW

    def play(self, steps: Sequence[Step]) -> None:
        for action, number in steps:
            self.now += timedelta(seconds=1)
            getattr(self, f"_{action}")(number)
            self._create(0)

    def _create(self, number: int) -> None:
        """Create rows in both tables; each of their ids is new."""
        database = Database(self.url)
        with database.write() as connection:
            for table, (key, row) in KEYS.items():
                for _ in range(number + 1):
                    made = (table.name, connection.execute(insert(table).returning(key), row).scalar_one())
                    assert made not in self.given
                    assert made[1] < 2**53
                    self.given.add(made)
        database.close()

    def _delete(self, number: int) -> None:
        """Delete the newest rows, as retention would if all others were young."""
        database = Database(self.url)
        with database.write() as connection:
            for table, (key, _) in KEYS.items():
                newest = connection.execute(table.select().order_by(key.desc()).limit(number + 1)).all()
                connection.execute(table.delete().where(key.in_([row[0] for row in newest])))
        database.close()

    def _backup(self, _number: int) -> None:
        database = Database(self.url)
        path = self.folder / f"backup{len(self.backups)}"
        self.backups.append(backups.write_backup(database, self.url, path))
        database.close()

    def _restore(self, number: int) -> None:
        """Restore one of the backups, perhaps not for the first time."""
        if self.backups:
            chosen = self.backups[number % len(self.backups)]
            restore.restore(chosen, self.url, self.now, replace=True)

    def _lose(self, number: int) -> None:
        """Lose the database, so that nothing is known of its last ids, and restore a backup."""
        if self.backups and "sqlite" in self.url:
            Path(self.url.removeprefix("sqlite:///")).unlink()
            self._restore(number)


@settings(max_examples=20 * EFFORT, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_no_id_comes_again_on_sqlite(steps: list[Step]) -> None:
    with TemporaryDirectory(dir=fast_directory()) as name:
        path = Path(name) / "refilld.db"
        with migrated_database(path):
            pass
        World(f"sqlite:///{path}", path.parent).play(steps)


@pytest.mark.usefixtures("programs")
def test_no_id_comes_again_on_postgresql(migrated_postgres_url: str, tmp_path: Path) -> None:
    """Also when one backup is restored twice, and after a backup of what was restored."""
    world = World(migrated_postgres_url, tmp_path)
    world.play([("create", 3), ("backup", 0), ("create", 2), ("delete", 1), ("restore", 0), ("delete", 3)])
    world.play([("restore", 0), ("backup", 0), ("create", 1), ("restore", 1), ("restore", 0)])


def test_ids_of_a_lost_database_are_passed_by_the_clock(tmp_path: Path) -> None:
    """Even when it gave out hundreds in the last second."""
    path = tmp_path / "refilld.db"
    with migrated_database(path):
        pass
    world = World(f"sqlite:///{path}", tmp_path)
    world.play([("backup", 0), ("lose", 0), ("create", 300), ("lose", 0), ("create", 300), ("lose", 0)])
    assert world.now > NOW + SECOND
