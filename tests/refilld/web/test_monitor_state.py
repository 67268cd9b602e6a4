"""The sentence about the monitor at the foot of every page."""

import socket
from datetime import timedelta

import pytest

from refilld.web.monitor_state import HealthLevel, MonitorHealth, monitor_state
from storage import daemons
from storage.daemons import DaemonMode
from tests.builders import MINUTE
from tests.refilld.web.desk_world import DeskWorld

NO_PROCESS = 4_194_304
"""Above the largest number that Linux gives."""
WORKS = MonitorHealth(HealthLevel.GOOD, "the monitor works")
SILENT = MonitorHealth(HealthLevel.BAD, "the daemon has been silent for 2m")
NONE = MonitorHealth(HealthLevel.BAD, "the daemon does not run")


@pytest.mark.parametrize(
    ("host", "mode", "since_beat", "told"),
    [
        ("elsewhere", DaemonMode.RUN, MINUTE, WORKS),
        ("elsewhere", DaemonMode.RUN, 2 * MINUTE, SILENT),
        ("elsewhere", DaemonMode.SERVE, timedelta(0), NONE),
        (socket.gethostname(), DaemonMode.RUN, timedelta(0), NONE),
    ],
)
def test_a_daemon_works_until_it_is_silent_or_its_process_is_gone(
    desk: DeskWorld, host: str, mode: DaemonMode, since_beat: timedelta, told: MonitorHealth
) -> None:
    with desk.database.write() as tx:
        daemons.register(tx, host, NO_PROCESS, "1", mode, desk.now - since_beat)
        assert monitor_state(tx, desk.now) == told


def test_without_a_daemon_the_monitor_does_not_work(desk: DeskWorld) -> None:
    with desk.database.read() as tx:
        assert monitor_state(tx, desk.now) == NONE
