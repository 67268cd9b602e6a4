"""One installation under faults: its places, its configuration, and what its processes need to know."""

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from refilld.settings.settings import Settings
from tests.faults.outside import Outside


@dataclass(frozen=True)
class Shop:
    """Passed to each process that works in it."""

    place: Path
    """Logs, and what is outside of refilld."""
    url: str
    """Of the database, as the checker reaches it."""
    ports: tuple[int, ...]
    """Of the daemons."""
    token: str = ""
    daemon_url: str = ""
    """As the daemons reach the database; empty if that is the same."""

    @property
    def outside(self) -> Outside:
        return Outside(self.place / "outside")

    @property
    def clock(self) -> Path:
        """The seconds by which the clock of the daemons is ahead."""
        return self.place / "clock"

    @property
    def database(self) -> str:
        """The URL of the daemons."""
        return self.daemon_url or self.url

    def step_clock(self, ahead: timedelta) -> None:
        """Set the clock of the daemons, at once."""
        new = self.clock.with_suffix(".new")
        new.write_text(str(ahead.total_seconds()))
        new.rename(self.clock)

    def log(self, name: str) -> Path:
        return self.place / f"{name}.log"

    def with_token(self, token: str) -> "Shop":
        return replace(self, token=token)

    def settings(self, port: int) -> Settings:
        """One look decides, and nothing waits."""
        none = timedelta(0)
        terms = {"settle": none, "confirmations": 1, "confirm_after": none, "cooldown": none}
        given: dict[str, Any] = {
            "database": {"url": self.database},
            "http": {"listen": f"127.0.0.1:{port}"},
            "web": {"enabled": False},
            "sampling": {"tick": timedelta(milliseconds=200), "cadence": "fixed"},
            "terms": {"default": terms | {"min_drop_percent": 0, "min_drop_units": 1, "max_refills": 0}},
            "services": {"followers": {"metric": "followers"}},
            "queue": {"max_attempts": 1000},
            "mass_drop": {"enabled": False},
            "survival": {"enabled": False},
        }
        return Settings.model_validate(given)
