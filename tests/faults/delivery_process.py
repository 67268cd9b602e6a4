"""A process that sends alerts to a channel and webhooks to their endpoints, until it is killed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

from jobs import alert_pipeline, channel_round
from jobs.alert_pipeline import AlertPolicy, Receiver
from jobs.webhook_attempt import WebhookAttempts
from jobs.webhooks import Webhooks
from monitor.alerts.grouping import GroupTimes
from monitor.alerts.routes import DEFAULT
from monitor.webhooks.address import parse_allowed
from refilld.channels import open_channels
from refilld.webhook_sender.sender import HttpWebhookSender
from storage import webhook_deliveries
from storage.engine import Database
from tests.alert_job import an_alerting

TAKEN_FOR = timedelta(seconds=0.3)
"""What was on its way at a kill is sent again after this time."""
QUICK = GroupTimes(wait=timedelta(0), interval=timedelta(milliseconds=10))


def now() -> datetime:
    return datetime.now(UTC)


def run_deliveries(database_url: str, channel_url: str) -> None:
    """Send everything that is due, again and again."""
    vars(alert_pipeline)["MOST_TEXTS"] = 10_000  # each alert has its line, however many wait
    channel_round.TAKEN_FOR = webhook_deliveries.CLAIMED_FOR = TAKEN_FOR
    database = Database(database_url)
    sender = HttpWebhookSender(parse_allowed(["127.0.0.1"]), now)
    webhooks = Webhooks(database, now, WebhookAttempts(database, now, sender), lambda: False)
    channels = open_channels([channel_url])
    receivers = {DEFAULT: Receiver(channels=[channels[0].key])}
    policy = AlertPolicy(receivers, times=QUICK)
    alerting = an_alerting(database, now, channels, policy=policy)
    Thread(target=_again_and_again, args=(webhooks.run_once,), daemon=True).start()
    _again_and_again(alerting.run_once)


def _again_and_again(job: Callable[[], None]) -> None:
    while True:
        job()
        Event().wait(0.01)
