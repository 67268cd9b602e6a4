"""A process that sends webhooks until it is killed: `python -m tests.storage.webhook_process DATABASE`."""

import sys
from datetime import UTC, datetime, timedelta
from threading import Event

from jobs.webhook_attempt import WebhookAttempts
from jobs.webhooks import Webhooks
from monitor.webhooks.address import parse_allowed
from refilld.webhook_sender.sender import HttpWebhookSender
from storage import webhook_deliveries
from storage.engine import Database


def now() -> datetime:
    return datetime.now(UTC)


def main(url: str) -> None:
    webhook_deliveries.CLAIMED_FOR = timedelta(seconds=0.5)
    database = Database(url)
    sender = HttpWebhookSender(parse_allowed(["127.0.0.1"]), now)
    job = Webhooks(database, now, WebhookAttempts(database, now, sender), lambda: False)
    while True:
        job.run_once()
        Event().wait(0.02)


if __name__ == "__main__":
    main(sys.argv[1])
