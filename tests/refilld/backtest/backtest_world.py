"""Small histories for the backtest: orders and events as files, and the result of a replay."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from refilld.backtest.run import Replay
from refilld.backtest.summary import Summary
from refilld.settings.settings import Settings

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SOLD = datetime(2026, 1, 1, tzinfo=UTC)
"""The standard order is completed at this time."""
SETTLED = SOLD + DAY
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def written(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def order_row(order_id: str = "1", profile: str = "nasa", **changes: Any) -> dict[str, Any]:
    """Give the row of an order: by default 1000 followers on a profile that had 1000."""
    row = {
        "order_id": order_id,
        "service": "svc",
        "link": f"https://www.instagram.com/{profile}/",
        "quantity": 1000,
        "status": "Completed",
        "completed_at": written(SOLD),
        "start_count": 1000,
        "metric": "followers",
    }
    return {name: value for name, value in (row | changes).items() if value is not None}


def look_event(at: datetime, count: int | str, profile: str = "nasa", **changes: Any) -> dict[str, Any]:
    """Give the event of a look; a text instead of a count is the outcome of a failed look."""
    seen = {"outcome": "count", "count": count} if isinstance(count, int) else {"outcome": count}
    link = f"https://www.instagram.com/{profile}/"
    return {
        "at": written(at),
        "event": "snapshot",
        "link": link,
        "metric": "followers",
        **seen,
        **changes,
    }


def looks(*seen: tuple[datetime, int | str], profile: str = "nasa") -> list[dict[str, Any]]:
    return [look_event(at, count, profile) for at, count in seen]


def order_event(at: datetime, event: str, order_id: str = "1", **more: str) -> dict[str, Any]:
    return {"at": written(at), "event": event, "order_id": order_id, **more}


def settings(**sections: Any) -> Settings:
    return Settings.model_validate(sections)


@dataclass
class ReplayResult:
    """The output of a replay."""

    lines: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    summary: Summary | None = None
    rows: list[dict[str, object]] = field(default_factory=list)

    @property
    def decisions(self) -> list[tuple[object, ...]]:
        """At, order, decision, reason and quantity of each line."""
        names = ("at", "order_id", "decision", "reason", "quantity")
        return [tuple(read[name] for name in names) for read in map(json.loads, self.lines)]

    @property
    def actions(self) -> list[tuple[str, str, int]]:
        """Decision, reason and quantity of each line."""
        return [(action, reason, quantity) for _, _, action, reason, quantity in self.decisions]  # type: ignore[misc]


def replayed(
    folder: Path,
    orders: Sequence[dict[str, Any]],
    events: Sequence[dict[str, Any]] | bytes,
    under: Settings | None = None,
    other: Settings | None = None,
) -> ReplayResult:
    """Replay events, or the raw bytes of a file of them, over orders."""
    sold, seen = folder / "orders.jsonl", folder / "events.jsonl"
    sold.write_text("".join(f"{json.dumps(row)}\n" for row in orders))
    lines = "".join(f"{json.dumps(event)}\n" for event in events) if not isinstance(events, bytes) else ""
    seen.write_bytes(events if isinstance(events, bytes) else lines.encode())
    out = ReplayResult()
    under = under or Settings()
    replay = Replay([under, other] if other else [under], out.lines.append, out.complaints.append)
    replay.run(sold, seen, NOW)
    out.summary = replay.summary()
    if other:
        out.rows = replay.comparison()
    return out
