"""Logs: readable on a terminal, else one JSON object per line; never a secret."""

import io
import json
import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import suppress
from threading import Thread

import pytest
import structlog

from refilld.log_limit import OnceAMinute
from refilld.logs import configure


class Screen(io.StringIO):
    """A standard error that is a terminal, or not."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.fixture
def untouched() -> Iterator[None]:
    """The logging of the process, restored afterwards; no warnings go to it before, whatever ran earlier."""
    logging.captureWarnings(capture=False)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def screen(untouched: None, monkeypatch: pytest.MonkeyPatch) -> Screen:
    """Standard error that is a terminal."""
    return configured(monkeypatch, terminal=True)


@pytest.fixture
def journal(untouched: None, monkeypatch: pytest.MonkeyPatch) -> Screen:
    """Standard error that is no terminal."""
    return configured(monkeypatch, terminal=False)


def configured(monkeypatch: pytest.MonkeyPatch, *, terminal: bool) -> Screen:
    place = Screen(terminal=terminal)
    monkeypatch.setattr(sys, "stderr", place)
    configure()
    return place


def objects(journal: Screen) -> list[dict[str, object]]:
    return [json.loads(line) for line in journal.getvalue().splitlines()]


def fail() -> None:
    password = "hunter2"
    raise ValueError(f"wrong by {len(password)}")


def test_without_a_terminal_each_event_is_one_json_line(journal: Screen) -> None:
    """With the time in UTC, level, name and fields."""
    structlog.get_logger().info("look.taken", link="nasa\nfake", count=17)
    structlog.get_logger().warning("look.failed", why=ValueError("odd"))
    first, second = objects(journal)
    assert str(first.pop("timestamp")).endswith("Z")
    assert first == {"event": "look.taken", "level": "info", "link": "nasa\nfake", "count": 17}
    assert tuple(second[key] for key in ("event", "level", "why")) == (
        "look.failed",
        "warning",
        "ValueError('odd')",
    )


def test_on_a_terminal_an_event_is_one_readable_line(screen: Screen) -> None:
    """In colour, not as JSON."""
    structlog.get_logger().info("look.taken", link="nasa", count=17)
    (line,) = screen.getvalue().splitlines()
    assert [word for word in ("look.taken", "info", "link", "nasa", "17", "\x1b[") if word not in line] == []
    assert not line.startswith("{")


def test_the_log_format_can_be_forced(untouched: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The argument overrides the detection of a terminal."""
    place = Screen(terminal=True)
    monkeypatch.setattr(sys, "stderr", place)
    configure(terminal=False)
    structlog.get_logger().info("look.taken")
    assert [line["event"] for line in objects(place)] == ["look.taken"]


def test_logged_input_cannot_control_the_terminal(screen: Screen) -> None:
    """Nor add a line."""
    structlog.get_logger().info("odd\x1b]0;title\x07", detail="\x1b[2Jgone\nfake line\x9b31m")
    logging.getLogger("library").warning("odd\x1b]0;title\x07\nfake %s", "\x1b[2J")
    output = screen.getvalue()
    assert len(output.splitlines()) == 2
    assert [sign for sign in ("\x1b]", "\x1b[2J", "\x07", "\x9b") if sign in output] == []


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize(
    "key",
    ["token", "lease_token", "Authorization", "password", "PGPASSWORD", "client_secret", "digest"],
)
def test_secrets_are_hidden(
    untouched: None, monkeypatch: pytest.MonkeyPatch, key: str, terminal: bool
) -> None:
    """By the name of their key, at any depth."""
    place = configured(monkeypatch, terminal=terminal)
    log = structlog.get_logger().bind(**{key: "hunter2"})
    log.info("request.refused", headers={key: "hunter2", "inner": {key: "hunter2"}}, plain="seen")
    output = place.getvalue()
    assert ("hunter2" not in output, "(hidden)" in output, "seen" in output) == (True, True, True)


@pytest.mark.parametrize("terminal", [True, False])
def test_a_traceback_shows_no_values(
    untouched: None, monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    """Local variables hold passwords and tokens."""
    place = configured(monkeypatch, terminal=terminal)
    try:
        fail()
    except ValueError:
        structlog.get_logger().exception("job.failed")
        logging.getLogger("library").exception("library failed")
    output = place.getvalue()
    assert output.count("ValueError: wrong by 7") == 2
    assert "hunter2" not in output


def test_warnings_of_libraries_have_the_same_format(journal: Screen) -> None:
    """Also as JSON; informational messages of libraries are omitted."""
    logging.getLogger("library").warning("disk %s", "slow")
    logging.getLogger("library").info("hello")
    (output,) = objects(journal)
    assert (output["event"], output["level"]) == ("disk slow", "warning")
    assert "timestamp" in output


def test_python_warnings_have_the_same_format(untouched: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no line that is not JSON."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        journal = configured(monkeypatch, terminal=False)
        warnings.warn("careful", UserWarning, stacklevel=1)
        logging.captureWarnings(capture=False)
    (output,) = objects(journal)
    assert "UserWarning: careful" in str(output["event"])
    assert output["level"] == "warning"


class Broken:
    def __del__(self) -> None:
        raise ValueError("broken end")


def test_errors_that_nobody_catches_have_the_same_format(journal: Screen) -> None:
    """In a thread, while an object is deleted, and at the end of the process."""

    def fail() -> None:
        raise ValueError("broken thread")

    thread = Thread(target=fail, name="worker")
    thread.start()
    thread.join()
    broken = Broken()
    del broken
    sys.excepthook(ValueError, ValueError("broken process"), None)
    in_thread, at_deletion, at_end = objects(journal)
    assert (in_thread["event"], in_thread["thread"]) == ("thread.failed", "worker")
    assert "ValueError: broken thread" in str(in_thread["exception"])
    assert (at_deletion["event"], at_deletion["level"]) == ("error.ignored", "error")
    assert "Broken.__del__" in str(at_deletion["where"])
    assert "ValueError: broken end" in str(at_deletion["exception"])
    assert (at_end["event"], at_end["level"]) == ("process.failed", "critical")


def test_debug_events_are_omitted_by_default(untouched: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The level applies to refilld's own events."""
    place = Screen(terminal=False)
    monkeypatch.setattr(sys, "stderr", place)
    for level in (logging.INFO, logging.DEBUG):
        configure(level=level)
        structlog.get_logger().debug("detail")
    assert len(objects(place)) == 1


def test_nothing_is_ever_logged_to_standard_output(
    untouched: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Standard output is for results."""
    configure()
    structlog.get_logger().error("event")
    logging.getLogger("library").error("event")
    captured = capsys.readouterr()
    assert (captured.out, len(captured.err.splitlines())) == ("", 2)


# Faults that last


def test_a_repeated_fault_is_one_line_a_minute_with_the_number_of_repetitions() -> None:
    """Per event and cause; other lines are not limited."""
    seconds = [0.0]
    limit = OnceAMinute(lambda: seconds[0])

    def logged(**event: object) -> dict[str, object] | None:
        try:
            return dict(limit(None, "error", dict(event)))
        except structlog.DropEvent:
            return None

    full = {"event": "job.failed", "job": "leases", "error": "full", "once_a_minute": True}
    said = full.keys() - {"once_a_minute"}
    assert logged(**full) == {key: full[key] for key in said}
    assert [logged(**full) for _ in range(29)] == [None] * 29
    assert logged(**full | {"job": "sampling"}) is not None
    assert [logged(event="look.taken") for _ in range(2)] == [{"event": "look.taken"}] * 2
    seconds[0] = 60.0
    assert logged(**full) == {key: full[key] for key in said} | {"repeated": 29}


@pytest.mark.parametrize("terminal", [True, False])
def test_a_full_disk_under_the_log_stops_nothing(
    untouched: None, monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    """/dev/full answers every write as a full disk does; a closed log is the same."""
    with open("/dev/full", "w") as full:  # noqa: PTH123  # Path cannot name the buffering
        monkeypatch.setattr(sys, "stderr", full)
        configure(terminal=terminal)
        for _ in range(3):
            structlog.get_logger().error("job.failed", error="x" * 10_000)
            logging.getLogger("waitress").warning("a library")
        with pytest.raises(OSError, match="No space"):  # what was kept for later
            full.flush()
        with suppress(OSError):
            full.close()
    structlog.get_logger().error("job.failed", error="closed")
