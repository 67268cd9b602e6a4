"""The demo's fulfilment: claims refills over HTTP, delivers them to the pretended world, completes them."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

import requests

BATCH = 25
PATIENCE = 2
"""Seconds that a claim may wait for something to do."""


@dataclass(frozen=True, slots=True)
class DemoConsumer:
    """One consumer of the refill queue."""

    base: str
    """Where the daemon listens, for example http://127.0.0.1:8080."""
    token: str
    deliver: Callable[[str, int], None]
    tell: Callable[[str], None]

    def run(self, stopping: Event) -> None:
        """Consume until told to stop, or until the daemon is gone."""
        with requests.Session() as session:
            session.trust_env = False  # the demo's proxy is for the daemon alone
            session.headers["Authorization"] = f"Bearer {self.token}"
            while not stopping.is_set():
                try:
                    self._round(session)
                except requests.RequestException:
                    stopping.wait(0.3)

    def _round(self, session: requests.Session) -> None:
        wanted = {"limit": BATCH, "lease_seconds": 30, "wait_seconds": PATIENCE, "consumer": "demo"}
        answer = session.post(f"{self.base}/api/v1/refills/claim", json=wanted, timeout=30)
        answer.raise_for_status()
        for refill in answer.json()["refills"]:
            self.deliver(refill["link"], refill["quantity"])
            done = {"lease_token": refill["lease_token"], "external_id": f"demo-{refill['refill_id']}"}
            finish = f"{self.base}/api/v1/refills/{refill['refill_id']}/complete"
            session.post(finish, json=done, timeout=30).raise_for_status()
            self.tell(
                f"refill {refill['refill_id']} for order {refill['order_id']}: {refill['quantity']} delivered"
            )
