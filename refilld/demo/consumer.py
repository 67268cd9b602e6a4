"""The fulfilment of the demo: claims refills over HTTP, delivers them to the stand-in, completes them."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

import requests

BATCH = 25
WAIT_SECONDS = 2
"""How long a claim waits for a refill."""


@dataclass(frozen=True, slots=True)
class DemoConsumer:
    """One consumer of the refill queue."""

    base: str
    """The URL of the daemon, for example http://127.0.0.1:8080."""
    token: str
    deliver: Callable[[str, int], None]
    report: Callable[[str], None]

    def run(self, stopping: Event) -> None:
        """Consume until `stopping` is set; while the daemon does not answer, try again."""
        with requests.Session() as session:
            session.trust_env = False  # the proxy of the demo is for the daemon only
            session.headers["Authorization"] = f"Bearer {self.token}"
            while not stopping.is_set():
                try:
                    self._round(session)
                except requests.RequestException:
                    stopping.wait(0.3)

    def _round(self, session: requests.Session) -> None:
        request = {"limit": BATCH, "lease_seconds": 30, "wait_seconds": WAIT_SECONDS, "consumer": "demo"}
        answer = session.post(f"{self.base}/api/v1/refills/claim", json=request, timeout=30)
        answer.raise_for_status()
        for refill in answer.json()["refills"]:
            self.deliver(refill["link"], refill["quantity"])
            result = {"lease_token": refill["lease_token"], "external_id": f"demo-{refill['refill_id']}"}
            complete = f"{self.base}/api/v1/refills/{refill['refill_id']}/complete"
            session.post(complete, json=result, timeout=30).raise_for_status()
            self.report(
                f"refill {refill['refill_id']} for order {refill['order_id']}: {refill['quantity']} delivered"
            )
