"""A consumer: claims refills, and completes, extends, fails, releases or forgets them; also late or twice."""

from random import Random
from typing import Any

from tests.faults.action_log import ActionLog
from tests.faults.http_client import IDLE, Client, pause
from tests.faults.shop import Shop

LEASE = 30
WAYS = ("complete", "complete", "complete", "complete", "complete", "extend", "fail", "release", "forget")
"""What is done with a refill, each as likely as it is often here."""


class Consumer:
    """One life of a consumer, which continues from its log."""

    def __init__(self, shop: Shop, name: str, seed: str, *, orderly: bool) -> None:
        self._shop, self._name, self._random, self._orderly = shop, name, Random(seed), orderly
        self._client = Client(shop, self._random)
        self._log = ActionLog(shop.log(name))

    def run(self) -> None:
        """Finish what an earlier life has claimed, then claim more until the process is killed."""
        self._continue(self._log.lines())
        while True:
            refills = self._claim()
            for refill in refills:
                self._work(refill)
            if not refills:
                pause(IDLE)

    def _continue(self, lines: list[dict[str, Any]]) -> None:
        """Late, and some a second time: a lease may have ended meanwhile."""
        ended = {line["token"] for line in lines if line.get("status") == 200 and line["call"] != "extend"}
        for refill in [line for line in lines if "claimed" in line][-20:]:
            if refill["token"] not in ended or self._random.random() < 0.1:
                self._complete(refill)

    def _claim(self) -> list[dict[str, Any]]:
        body = {"limit": self._random.randint(1, 3), "lease_seconds": LEASE, "consumer": self._name}
        answer = self._client.post("refills/claim", body)
        found = answer.fields.get("refills", []) if answer is not None and answer.status == 200 else []
        refills = [
            {"claimed": one["refill_id"], "token": one["lease_token"], "order": one["order_id"],
             "units": one["quantity"]}
            for one in found
        ]  # fmt: skip
        for refill in refills:
            self._log.write(**refill)
        return refills

    def _work(self, refill: dict[str, Any]) -> None:
        way = "complete" if self._orderly else self._random.choice(WAYS)
        if way == "extend":
            self._call(refill, "extend", lease_seconds=LEASE)
        if way == "fail":
            self._call(refill, "fail", reason="not now", retry_after_seconds=0)
        elif way == "release":
            self._call(refill, "release")
        elif way != "forget":
            self._complete(refill)

    def _complete(self, refill: dict[str, Any]) -> None:
        self._shop.outside.deliver(refill["order"], refill["claimed"], refill["units"])
        self._call(refill, "complete")
        if self._random.random() < 0.2:
            self._call(refill, "complete")

    def _call(self, refill: dict[str, Any], verb: str, **more: object) -> None:
        path = f"refills/{refill['claimed']}/{verb}"
        answer = self._client.until_answered(path, {"lease_token": refill["token"], **more})
        self._log.write(
            call=verb, refill=refill["claimed"], token=refill["token"], status=answer.status,
            state=answer.fields.get("state"),
        )  # fmt: skip


def run_consumer(shop: Shop, name: str, seed: str, *, orderly: bool = False) -> None:
    """The body of the process."""
    Consumer(shop, name, seed, orderly=orderly).run()
