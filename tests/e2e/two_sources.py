"""An installation with two sources: Meta's Graph API and Instagram's public pages, behind one proxy."""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from refilld.demo.graph import TOKEN, GraphStandIn, ProfessionalAccount, SmallGraph
from refilld.demo.graph_answers import IG_USER_ID
from refilld.demo.instagram import HOSTS, DemoInstagram, InstagramStandIn, Post, Profile
from storage.engine import Database
from storage.source_tables import hazard_cells
from tests.e2e.installation import QUICK, Installation, Running, now, until
from tests.e2e.queue_client import QueueClient

TWO_SOURCES = {
    "sources.graph.enabled": "true",
    "sources.graph.ig_user_id": IG_USER_ID,
    "sources.graph.token_file": "graph-token",
    "sources.graph.requests_per_hour": "1000000",
    "sources.graph.spacing": "0s",
    "sources.graph.first_pause": "1h",
    "services.likes.metric": "likes",
    "services.views.metric": "views",
}
"""Further keys of the configuration."""


@dataclass(frozen=True)
class Bought:
    """An order of 500 units that was delivered ten minutes ago; the start count is 1000."""

    order_id: str
    about: str
    """A username, or a post's shortcode."""
    service: str = "followers"
    owner: str = ""
    start: int = 1000
    quantity: int = 500

    @property
    def metric(self) -> str:
        """The metric of its service."""
        return self.service if self.service in {"likes", "views"} else "followers"

    @property
    def link(self) -> str:
        kind = "" if self.metric == "followers" else "p/"
        return f"https://www.instagram.com/{kind}{self.about}/"


@dataclass
class TwoSourceInstallation(Installation):
    """An installation with two stand-ins: each shows its own accounts."""

    graph: SmallGraph = field(default_factory=lambda: SmallGraph(now))
    official: GraphStandIn = field(default_factory=lambda: GraphStandIn(SmallGraph(now)))

    @property
    def proxy_environment(self) -> Mapping[str, str]:
        return self.official.environment

    def professional(self, username: str, followers: int, **posts: Post) -> None:
        """Let Graph show an account with these posts."""
        self.graph.accounts[username] = ProfessionalAccount(followers, posts)

    def change_post(self, username: str, shortcode: str, **counts: Any) -> None:
        """Change the counts that Graph shows of a post."""
        account = self.graph.accounts[username]
        posts = {**account.posts, shortcode: replace(account.posts[shortcode], **counts)}
        self.graph.accounts[username] = replace(account, posts=posts)

    def personal(self, username: str, followers: int) -> None:
        """Let only the pages show a profile."""
        self.world.profiles[username] = Profile(followers)

    def buy(self, orders: Sequence[Bought]) -> None:
        """Import delivered orders."""
        with (self.folder / "orders.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(
                ("ID", "Link", "Start count", "Quantity", "Service", "Status", "Completed at", "Owner")
            )
            for number, order in enumerate(orders):
                completed = now() - timedelta(minutes=10) + timedelta(seconds=number)
                cells = (order.order_id, order.link, order.start, order.quantity, order.service, "Completed")
                writer.writerow((*cells, f"{completed:%Y-%m-%dT%H:%M:%SZ}", order.owner))
        self.here("orders", "import", "orders.csv")

    def consumer(self) -> str:
        """A token for the queue."""
        return self.here("token", "create", "--scope", "refills:consume").strip()

    def exposure_hours(self) -> float:
        """The exposure of all stored observations, in hours."""
        database = Database(f"sqlite:///{self.folder / 'refilld.db'}")
        with database.read() as tx:
            hours: float = tx.execute(
                select(func.coalesce(func.sum(hazard_cells.c.exposure), 0.0))
            ).scalar_one()
        database.close()
        return hours

    def alert_subjects(self) -> list[tuple[str, object]]:
        """Kind and link of every alert that is not about a drop."""
        return [(row["kind"], row["link"]) for row in self.records() if row["record"] == "alert"]


def seen(daemon: Running, *orders: Bought, at_least: int = 1, **fields: object) -> None:
    """Wait for so many new counts of each order's target in the log."""

    def counts() -> Counter[tuple[str, str]]:
        lines = daemon.logged("look.taken", outcome="count", **fields)
        return Counter((line["link"], line["metric"]) for line in lines)

    before, wanted = counts(), [(order.link, order.metric) for order in orders]
    until(lambda: all((counts() - before)[one] >= at_least for one in wanted), f"counts {fields} of {wanted}")


def claimed(client: QueueClient, number: int) -> dict[str, dict[str, Any]]:
    """Claim until there are so many refills, and return them by order."""
    found: dict[str, dict[str, Any]] = {}

    def enough() -> bool:
        found.update({refill["order_id"]: refill for refill in client.claim()})
        return len(found) >= number

    until(enough, f"{number} refills")
    return found


@contextmanager
def installed_with_two_sources(folder: Path, **settings: str) -> Iterator[TwoSourceInstallation]:
    """An installation with both sources; `refilld init` has not run yet."""
    world, graph = DemoInstagram(now), SmallGraph(now)
    pages = InstagramStandIn(world, remember=100_000)
    with GraphStandIn(graph, dict.fromkeys(HOSTS, pages.answer), remember=100_000) as official:
        place = TwoSourceInstallation(
            folder, pages, world, QUICK | TWO_SOURCES | settings, graph=graph, official=official
        )
        (folder / "graph-token").touch(mode=0o600)
        (folder / "graph-token").write_text(f"{TOKEN}\n")
        yield place
