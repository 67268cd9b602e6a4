"""The alerting job for tests: channels of one receiver, and a policy that waits for nothing unless told."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from jobs.alert_pipeline import AlertPipeline, AlertPolicy, Receiver
from jobs.alerting import Alerting
from jobs.channel_round import AlertChannel
from jobs.digest_round import Report
from monitor.alerts.grouping import GroupTimes
from monitor.alerts.routes import DEFAULT
from refilld.texts.renderer import default_renderer
from storage.engine import Database, Transaction

AT_ONCE = GroupTimes(wait=timedelta(0), interval=timedelta(seconds=1))


def a_report(_tx: Transaction, now: datetime, period: timedelta) -> str:
    return f"report of {now:%H:%M}\n  the last {period.days} days"


def an_alerting(
    database: Database,
    clock: Callable[[], datetime],
    channels: Sequence[AlertChannel],
    wait: Callable[[timedelta], bool] = lambda _: False,
    policy: AlertPolicy | None = None,
    heartbeat: Callable[[], None] = lambda: None,
    report: Report = a_report,
) -> Alerting:
    """The job; without a policy, the receiver `default` has all channels and is told at once."""
    keys = tuple(channel.key for channel in channels)
    policy = policy or AlertPolicy({DEFAULT: Receiver(channels=keys)}, times=AT_ONCE)
    return Alerting(
        database,
        clock,
        channels,
        policy,
        default_renderer().text,
        report,
        wait,
        heartbeat,
    )


def routed(tx: Transaction, now: datetime) -> None:
    """Route what has happened, as the alerting job does first."""
    AlertPipeline(tx, AlertPolicy({DEFAULT: Receiver()}, times=AT_ONCE), now).run()
