"""A consumer of the refill queue that uses the HTTP API only, by curl."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

CURL = shutil.which("curl")


@dataclass(frozen=True)
class Answered:
    status: int
    body: dict[str, Any]


@dataclass(frozen=True)
class QueueClient:
    """A client of the HTTP API with one token."""

    port: int
    token: str

    def call(self, method: str, path: str, body: str = "") -> Answered:
        return (self._curl if CURL else self._by_http_client)(method, f"/api/v1/refills{path}", body)

    def post(self, path: str, body: dict[str, Any]) -> Answered:
        return self.call("POST", path, json.dumps(body))

    def claim(self, limit: int = 100, wait: int = 0) -> list[dict[str, Any]]:
        asked = {"limit": limit, "lease_seconds": 60, "wait_seconds": wait, "consumer": "shop"}
        answered = self.post("/claim", asked)
        assert answered.status == 200, answered
        refills: list[dict[str, Any]] = answered.body["refills"]
        return refills

    def listed(self) -> list[dict[str, Any]]:
        answered = self.call("GET", "?limit=1000")
        assert answered.status == 200, answered
        refills: list[dict[str, Any]] = answered.body["refills"]
        return refills

    def until_claimed(self, limit: int = 100) -> list[dict[str, Any]]:
        """Wait until at least one refill can be claimed."""
        refills = self.claim(limit, wait=25)
        assert refills, "waited in vain for a refill in the queue"
        return refills

    def complete(self, refill: dict[str, Any]) -> Answered:
        return self.post(f"/{refill['refill_id']}/complete", {"lease_token": refill["lease_token"]})

    def _curl(self, method: str, path: str, body: str) -> Answered:
        done = subprocess.run(
            [str(CURL), "--silent", "--show-error", "--noproxy", "*", "--max-time", "30",
             "--header", f"Authorization: Bearer {self.token}", "--header", "Content-Type: application/json",
             "--request", method, *(["--data", body] if body else []), "--write-out", "%{http_code}", f"http://127.0.0.1:{self.port}{path}"],
            capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        text, _, status = done.stdout.rpartition("\n")
        return Answered(int(status), json.loads(text))

    def _by_http_client(self, method: str, path: str, body: str) -> Answered:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Answered(response.status, json.loads(response.read()))
        finally:
            connection.close()
