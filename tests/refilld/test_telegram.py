"""Alerts on Telegram, through the real Apprise plugin: within its limits, as written, each once."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from jobs.channel_round import MOST_MESSAGES
from monitor.events.kind import EventKind
from refilld.channels import open_channels
from tests.alert_job import an_alerting
from tests.builders import HOUR, INSTANT, MINUTE, SECOND
from tests.jobs.jobs_world import JobsWorld, jobs_world
from tests.notification_rows import tell
from tests.refilld.inbox import an_inbox
from tests.refilld.telegram import RETRY_AFTER, URL, Telegram, a_telegram

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")
"""Apprise loads all its plugins with the first address; one of them uses a deprecated module."""
HOSTILE = "refill 7: <b>no</b> & </x> *such* _user_ [x](http://y) `code` {1} #2 &lt; \\ -> é 😀"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[JobsWorld]:
    with jobs_world(tmp_path) as world:
        yield world


@pytest.fixture
def chat() -> Iterator[Telegram]:
    with a_telegram() as chat:
        yield chat


def put(world: JobsWorld, *texts: str, kind: EventKind = EventKind.DROP_CONFIRMED) -> None:
    with world.database.write() as tx:
        tell(tx, texts, world.now, kind)


def send(world: JobsWorld, *urls: str) -> None:
    an_alerting(world.database, world.clock, open_channels(urls or [URL]), world.wait).run_once()


def drops(number: int) -> list[str]:
    where = "followers of https://www.instagram.com"
    return [f"order {i}: {where}/n{i}/ are 1500{', whole at 2000' * 8}" for i in range(number)]


def test_forty_drops_at_once_arrive_in_as_few_messages_as_fit(world: JobsWorld, chat: Telegram) -> None:
    """Each text whole, in a line of its own, once."""
    put(world, *drops(40))
    send(world)
    assert chat.lines == drops(40)
    assert chat.requests == len(chat.messages) == 2
    assert world.alerts("state") == ["sent"] * 40


def test_a_text_arrives_as_written(world: JobsWorld, chat: Telegram) -> None:
    """Markup of any kind is text; the title has the severity."""
    put(world, HOSTILE, kind=EventKind.REFILL_DEAD)
    send(world)
    assert chat.messages == [f"refilld: refill.dead [warning]\r\n{HOSTILE}"]


def test_a_text_of_any_length_arrives_whole(world: JobsWorld, chat: Telegram) -> None:
    """In several messages, each of them marked; escapes count."""
    words = " ".join(f"<{i}>&😀" for i in range(3000))
    put(world, words)
    send(world)
    assert len(chat.messages) > 1
    assert " ".join(line.removeprefix("… ") for line in chat.lines) == words
    assert [message.split("\r\n")[0].rpartition(" ")[2] for message in chat.messages] == [
        f"{i}/{len(chat.messages)}" for i in range(1, len(chat.messages) + 1)
    ]


def test_one_refused_text_blocks_no_other(world: JobsWorld, chat: Telegram) -> None:
    """It is found in its group, retried by itself, and kept with its error; nothing arrives twice."""
    chat.refuses = lambda text: "order 29:" in text
    put(world, *drops(40))
    for _ in range(4):
        send(world)
        world.now += 15 * SECOND
    assert sorted(chat.lines) == sorted(text for text in drops(40) if "order 29:" not in text)
    row = next(row for row in world.alerts() if "order 29:" in row.text)
    assert (row.state, row.last_error) == ("pending", "alerts.urls number 1 did not take the message")
    for _ in range(12):
        world.now += 6 * HOUR
        send(world)
    assert world.alerts("state").count("failed") == 1
    asked = chat.requests
    world.now += 24 * HOUR
    send(world)
    assert chat.requests == asked


def test_a_rate_limit_is_waited_for(world: JobsWorld, chat: Telegram) -> None:
    """As long as Telegram says; then the rest follows, and nothing comes twice."""
    chat.left = 1
    put(world, *drops(40))
    send(world)
    assert (len(chat.messages), chat.requests) == (1, 2)
    chat.left = None
    limited = world.now
    world.now = limited + RETRY_AFTER * SECOND - INSTANT
    send(world)
    assert chat.requests == 2
    world.now = limited + RETRY_AFTER * SECOND
    send(world)
    assert chat.lines == drops(40)


def test_a_burst_is_spread_over_rounds(world: JobsWorld, chat: Telegram) -> None:
    """A message a second, and no more in a round than a group takes in half a minute."""
    put(world, *drops(400))
    send(world)
    assert chat.requests == MOST_MESSAGES
    assert world.waits == [timedelta(seconds=1)] * (MOST_MESSAGES - 1)
    while len(chat.lines) < 400:
        world.now += 30 * SECOND
        send(world)
    assert chat.lines == drops(400)


def test_a_channel_that_refuses_is_retried_for_itself(world: JobsWorld, chat: Telegram) -> None:
    """The other one has the message already and gets it no second time."""
    chat.refuses = lambda _text: True
    put(world, *drops(3))
    with an_inbox() as inbox:
        send(world, inbox.address, URL)
        assert (len(inbox.messages), chat.messages) == (1, [])
        assert world.alerts("state") == ["pending"] * 3
        chat.refuses = lambda _text: False
        world.now += MINUTE
        send(world, inbox.address, URL)
        assert (len(inbox.messages), len(chat.messages)) == (1, 1)
    assert world.alerts("state") == ["sent"] * 3


def test_the_database_has_no_secret_of_a_channel(world: JobsWorld, chat: Telegram) -> None:
    """Neither of one that takes messages nor of one that refuses them."""
    chat.refuses = lambda text: "1" in text
    put(world, *drops(3))
    send(world)
    assert "s3cret" not in repr(world.everything())
