"""Alerting: grouped by kind, at least once, a refusal is held against the one who is to blame for it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from jobs.channel_round import MOST_MESSAGES, MOST_REFUSALS, SPACING, TAKEN_FOR, ChannelError
from monitor.alerts.messages import MOST_TEXTS, Room
from monitor.alerts.retries import GIVE_UP_AFTER, LONGEST_LIMIT, LONGEST_PAUSE
from monitor.events.kind import EventKind
from monitor.events.severity import Severity
from tests.alert_job import an_alerting
from tests.builders import DAY, HOUR, INSTANT, MINUTE, SECOND, START
from tests.jobs.jobs_world import JobsWorld
from tests.notification_rows import tell

HELD, DEAD = EventKind.DROP_HELD, EventKind.REFILL_DEAD
NO = "alerts.urls number 1 did not take the message"


@dataclass
class ScriptedChannel:
    """Accepts messages, or raises the error that `fails` gives for a text."""

    key: str = "one"
    fails: Callable[[str], BaseException | None] = lambda _body: None
    room: Room = field(default_factory=lambda: Room(10_000, None, len, title_counts=False))
    messages: list[tuple[str, list[str]]] = field(default_factory=list)
    tried: int = 0
    then: Callable[[], None] = lambda: None

    def send(self, title: str, body: str, severity: Severity, *, resolved: bool = False) -> None:
        self.tried += 1
        self.then()
        error = self.fails(body)
        if error is not None:
            raise error
        self.messages.append((title, body.split("\n")))

    @property
    def texts(self) -> list[str]:
        return [text for _, texts in self.messages for text in texts]


def refusing(*bad: str, error: BaseException | None = None) -> Callable[[str], BaseException | None]:
    """Refuse every message with one of these words; all messages without any."""
    return lambda body: (error or ChannelError(NO)) if not bad or any(word in body for word in bad) else None


def put(world: JobsWorld, texts: Sequence[str], kind: EventKind = HELD) -> None:
    with world.database.write() as tx:
        tell(tx, texts, world.now, kind)


def run(world: JobsWorld, *channels: ScriptedChannel) -> None:
    an_alerting(world.database, world.clock, channels, world.wait, heartbeat=world.heartbeat).run_once()


def states(world: JobsWorld) -> list[str]:
    return world.alerts("state")


def test_alerts_of_one_kind_go_out_in_one_message(world: JobsWorld) -> None:
    """The title contains the number; each kind gets its own message."""
    put(world, ["held 1", "held 2"])
    put(world, ["dead"], DEAD)
    channel = ScriptedChannel()
    run(world, channel)
    assert channel.messages == [
        ("refilld: drop.held (2) [warning]", ["held 1", "held 2"]),
        ("refilld: refill.dead [warning]", ["dead"]),
    ]
    assert states(world) == ["sent"] * 3


def test_the_most_urgent_goes_first(world: JobsWorld) -> None:
    """Whatever was first."""
    put(world, ["confirmed"], EventKind.DROP_CONFIRMED)
    put(world, ["dead"], DEAD)
    put(world, ["blocked"], EventKind.SOURCE_BLOCKED)
    channel = ScriptedChannel()
    run(world, channel)
    assert channel.texts == ["blocked", "dead", "confirmed"]


def test_a_message_holds_at_most_one_batch(world: JobsWorld) -> None:
    """More alerts than a batch make further messages, a second apart; none is lost."""
    texts = [f"held {number}" for number in range(MOST_TEXTS + 1)]
    put(world, texts)
    channel = ScriptedChannel()
    run(world, channel)
    assert [len(lines) for _, lines in channel.messages] == [MOST_TEXTS, 1]
    assert channel.texts == texts
    assert world.waits == [SPACING]
    assert world.beats == 2


def test_what_a_round_does_not_send_goes_out_in_the_next(world: JobsWorld) -> None:
    """A round sends a few messages to each channel."""
    texts = [f"held {number}" for number in range((MOST_MESSAGES + 1) * MOST_TEXTS)]
    put(world, texts)
    channel = ScriptedChannel()
    run(world, channel)
    assert len(channel.messages) == MOST_MESSAGES
    run(world, channel)
    run(world, channel)
    assert channel.texts == texts


def test_a_round_ends_when_the_process_stops(world: JobsWorld) -> None:
    """The rest follows after the next start."""
    texts = [f"held {number}" for number in range(2 * MOST_TEXTS)]
    put(world, texts)
    channel = ScriptedChannel()
    world.stopping = True
    run(world, channel)
    assert len(channel.messages) == 1
    world.stopping = False
    run(world, channel)
    assert channel.texts == texts


def test_a_sent_alert_is_never_sent_again(world: JobsWorld) -> None:
    """Neither in the next round nor a day later."""
    put(world, ["held"])
    channel = ScriptedChannel()
    for world.now in (START, START + SECOND, START + DAY):
        run(world, channel)
    assert channel.texts == ["held"]


def test_a_channel_that_takes_nothing_rests_longer_each_time(world: JobsWorld) -> None:
    """30 seconds, doubled to a quarter of an hour; after three days an alert is given up with the reason."""
    put(world, ["held"])
    channel = ScriptedChannel(fails=refusing())
    waits = []
    while states(world) == ["pending"]:
        before = channel.tried
        run(world, channel)
        assert channel.tried == before + 1
        due = world.rows("alert_channels", "next_try_at")[0]
        waits.append(due - world.now)
        if len(waits) < 8:
            world.now = due - INSTANT
            run(world, channel)
            assert channel.tried == before + 1
        world.now = due
    assert waits[:7] == [wait * SECOND for wait in (30, 60, 120, 240, 480, 900, 900)]
    assert max(waits) == LONGEST_PAUSE
    assert timedelta(0) < world.now - START - GIVE_UP_AFTER <= 2 * LONGEST_PAUSE
    assert world.alerts("state", "last_error") == [("failed", NO)]


def test_many_alerts_do_not_hammer_a_channel_that_takes_nothing(world: JobsWorld) -> None:
    """Its pause is its own, not that of each alert; new alerts wait for it, too."""
    put(world, [f"held {number}" for number in range(200)])
    channel = ScriptedChannel(fails=refusing())
    run(world, channel)
    assert channel.tried == MOST_REFUSALS
    put(world, ["new"], DEAD)
    run(world, channel)
    assert channel.tried == MOST_REFUSALS
    assert set(world.rows("deliveries", "attempts")) == {0}


def test_after_an_outage_everything_arrives_once(world: JobsWorld) -> None:
    """In few messages, as if nothing had happened."""
    texts = [f"held {number}" for number in range(200)]
    put(world, texts)
    channel = ScriptedChannel(fails=refusing())
    for _ in range(40):
        run(world, channel)
        world.now += LONGEST_PAUSE
    channel.fails = lambda _body: None
    run(world, channel)
    assert len(channel.messages) == 4
    assert sorted(channel.texts) == sorted(texts)


@pytest.mark.parametrize("bad", [(0,), (49,), (17,), (0, 1), (3, 30, 49), tuple(range(10)), tuple(range(30))])
def test_bad_alerts_block_no_other(world: JobsWorld, bad: tuple[int, ...]) -> None:
    """Wherever they are in their group; the others are sent, each once."""
    texts = [f"held <{number}>" for number in range(50)]
    put(world, texts)
    channel = ScriptedChannel(fails=refusing(*(texts[number] for number in bad)))
    while world.now < START + 6 * HOUR:
        run(world, channel)
        world.now += 5 * MINUTE
    assert sorted(channel.texts) == sorted(text for i, text in enumerate(texts) if i not in bad)
    assert states(world).count("sent") == 50 - len(bad)


def test_a_bad_alert_delays_no_later_one(world: JobsWorld) -> None:
    """Once it is known to be bad, its refusals are held against itself alone."""
    put(world, ["bad", "good"])
    channel = ScriptedChannel(fails=refusing("bad"))
    run(world, channel)
    for number in range(40):
        world.now += HOUR
        put(world, [f"later {number}"])
        run(world, channel)
        assert channel.texts[-1] == f"later {number}"
    assert world.alerts("state", "last_error")[0] == ("failed", NO)


def test_other_kinds_show_that_an_alert_is_bad(world: JobsWorld) -> None:
    """The least related message is tried after the first alert that was refused alone."""
    put(world, [f"bad {number}" for number in range(30)], DEAD)
    put(world, ["good"], EventKind.DROP_CONFIRMED)
    channel = ScriptedChannel(fails=refusing("bad"))
    run(world, channel)
    assert channel.texts == ["good"]
    assert max(world.rows("deliveries", "attempts")) == 1


def test_a_rate_limit_ends_the_round_for_the_time_that_the_channel_asks(world: JobsWorld) -> None:
    """At most an hour; nothing is held against the alerts."""
    put(world, [f"held {number}" for number in range(60)])
    for asked, waits in ((45 * SECOND, 45 * SECOND), (DAY, LONGEST_LIMIT), (None, 2 * MINUTE)):
        error = ChannelError(NO, limited=True, retry_after=asked)
        channel = ScriptedChannel(fails=refusing(error=error))
        run(world, channel)
        assert channel.tried == 1
        assert world.rows("alert_channels", "next_try_at") == [world.now + waits]
        world.now += waits
    assert set(world.rows("deliveries", "attempts")) == {0}


def test_a_channel_that_refuses_is_retried_for_itself(world: JobsWorld) -> None:
    """The one that took the message gets nothing a second time."""
    put(world, ["held"])
    good, bad = ScriptedChannel("good"), ScriptedChannel("bad", refusing())
    run(world, bad, good)
    assert (good.texts, states(world)) == (["held"], ["pending"])
    bad.fails = lambda _body: None
    world.now += MINUTE
    run(world, bad, good)
    assert (good.texts, bad.texts, states(world)) == (["held"], ["held"], ["sent"])


def test_without_a_channel_alerts_are_kept_and_not_sent(world: JobsWorld) -> None:
    """A channel configured later does not send old alerts."""
    put(world, ["held"])
    run(world)
    assert states(world) == ["kept"]
    channel = ScriptedChannel()
    world.now += DAY
    run(world, channel)
    assert channel.messages == []


@pytest.mark.parametrize("death", [SystemExit("killed"), KeyboardInterrupt(), ValueError("bug")])
def test_a_delivery_that_never_returns_is_repeated(world: JobsWorld, death: BaseException) -> None:
    """At least once: the process may have died before or after the channel took the message."""
    put(world, ["held"])
    channel = ScriptedChannel(fails=refusing(error=death))
    with pytest.raises(type(death)):
        run(world, channel)
    channel.fails = lambda _body: None
    for world.now in (START + TAKEN_FOR - INSTANT, START + TAKEN_FOR):
        run(world, channel)
    assert (channel.tried, channel.texts) == (2, ["held"])
    assert states(world) == ["sent"]


def test_what_was_sent_before_the_process_died_is_not_repeated(world: JobsWorld) -> None:
    """Each message is noted before the next one is sent."""
    put(world, ["dead"], DEAD)
    put(world, ["held"])
    channel = ScriptedChannel(fails=refusing("held", error=SystemExit("killed")))
    with pytest.raises(SystemExit):
        run(world, channel)
    channel.fails = lambda _body: None
    world.now += TAKEN_FOR
    run(world, channel)
    world.now += TAKEN_FOR
    run(world, channel)
    assert sorted(channel.texts) == ["dead", "held"]


def test_a_text_in_several_messages_is_sent_when_all_were_taken(world: JobsWorld) -> None:
    """It is numbered in the titles, and sent again from its start."""
    put(world, ["one two three four"])
    channel = ScriptedChannel(fails=refusing("four"), room=Room(12, None, len, title_counts=False))
    run(world, channel)
    assert states(world) == ["pending"]
    channel.fails = lambda _body: None
    world.now += MINUTE
    run(world, channel)
    assert [title.rpartition(" ")[2] for title, _ in channel.messages] == ["1/2", "1/2", "2/2"]
    assert states(world) == ["sent"]


def test_an_empty_round_sends_nothing_and_writes_nothing(world: JobsWorld) -> None:
    """The channel is not called."""
    channel = ScriptedChannel()
    run(world, channel)
    before = world.everything()
    world.now += HOUR
    run(world, channel)
    assert (channel.tried, world.everything()) == (0, before)


def test_an_alert_is_pending_until_the_channel_has_accepted_it(world: JobsWorld) -> None:
    """During the delivery its channel is taken by this sender."""
    put(world, ["held"])
    seen: list[object] = []

    def look() -> None:
        seen.extend(states(world) + world.rows("alert_channels", "next_try_at"))

    run(world, ScriptedChannel(then=look))
    assert seen == ["pending", START + TAKEN_FOR]
