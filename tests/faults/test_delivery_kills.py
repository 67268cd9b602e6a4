"""A process that sends alerts and webhooks is killed while it sends: all is told, and little of it twice.

Only what was on its way at a kill may come again, since the receiver's answer was lost: the log of the
receiver shows it.
"""

import re
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from random import Random
from threading import Event

from jobs.webhooks import THREADS
from storage.engine import Database
from storage.self_check import undelivered
from tests.faults.crew import until
from tests.faults.delivery_process import now, run_deliveries
from tests.faults.seeds import KILLS, seeded
from tests.faults.shop import Shop
from tests.fork_server import fork_server
from tests.refilld.webhook_receiver import Received, Reply, receiving
from tests.storage.webhook_rows import an_endpoint, happen, states

Message = frozenset[str]
"""What one message tells of."""
KILL: Message = frozenset({"kill"})
NEW = 5
"""Events in each life of the process."""


@dataclass
class Log:
    """What a receiver got, and when the process was killed."""

    at_once: int
    """Messages that may be on their way to it."""
    messages: list[Message] = field(default_factory=list)

    def note(self, request: Received) -> Reply:
        """Answers slowly, so that a kill hits messages on their way."""
        self.messages.append(frozenset(re.findall(r"source-\d+", request.body.decode())))
        Event().wait(0.01)
        return Reply()

    @property
    def told(self) -> set[str]:
        return set().union(*self.messages) - KILL

    @property
    def again(self) -> list[int]:
        """The messages of which something came again later."""
        later: set[str] = set()
        found = []
        for place, message in reversed(list(enumerate(self.messages))):
            if message & later - KILL:
                found.append(place)
            later |= message
        return found

    @property
    def at_a_kill(self) -> set[int]:
        """The messages that were on their way at a kill; the receiver may have read them just after it."""
        kills = [place for place, message in enumerate(self.messages) if message == KILL]
        return {kill + away for kill in kills for away in range(-self.at_once, self.at_once + 1)}


@dataclass
class Sender:
    """The process, which is killed again and again."""

    database: Database
    channel_url: str
    logs: tuple[Log, ...]
    happened: set[str] = field(default_factory=set)

    def live(self, random: Random) -> None:
        """Let something happen, and kill the process within one of its next messages."""
        new = [f"source-{len(self.happened) + number}" for number in range(NEW)]
        happen(self.database, *new, at=now())
        self.happened |= set(new)
        wanted = self._messages() + random.randint(1, 2 * NEW)
        self._run(lambda: self._messages() >= wanted or self._all_told(), random.uniform(0, 0.02))

    def finish(self) -> None:
        """Run it until all is told, and nothing is due any more."""
        self._run(self._nothing_is_due, 0)

    def _run(self, ended: Callable[[], bool], further_seconds: float) -> None:
        process = fork_server().Process(target=run_deliveries, args=(self.database.url, self.channel_url))
        process.start()
        try:
            until(ended, self._not_told)
            Event().wait(further_seconds)
            assert process.exitcode is None
        finally:
            process.kill()
            process.join()
        for log in self.logs:
            log.messages.append(KILL)

    def _not_told(self) -> str:
        return f"the messages about {[sorted(self.happened - log.told) for log in self.logs]}"

    def _messages(self) -> int:
        return sum(len(log.messages) for log in self.logs)

    def _all_told(self) -> bool:
        return all(log.told == self.happened for log in self.logs)

    def _nothing_is_due(self) -> bool:
        with self.database.read() as tx:
            return (
                self._all_told()
                and undelivered(tx) is None
                and set(states(self.database, 1)) == {"delivered"}
            )


def test_a_kill_while_alerts_and_webhooks_are_sent_loses_none(shop: Shop) -> None:
    """`KILLS=2000` makes 200 kills."""
    random, logs = seeded(f"deliveries {shop.url[:6]}"), (Log(1), Log(THREADS))
    with closing(Database(shop.url)) as database, receiving() as channel, receiving() as endpoint:
        channel.reply, endpoint.reply = logs[0].note, logs[1].note
        an_endpoint(database, endpoint.url())
        sender = Sender(database, channel.url("/", "json"), logs)
        for _ in range(KILLS // 20):
            sender.live(random)
        sender.finish()
    for log in logs:
        kills = log.messages.count(KILL)
        sent = len(log.messages) - kills
        sys.stdout.write(f"{kills} kills, {sent} messages, {len(log.again)} of them sent again\n")
        assert log.told == sender.happened
        assert set(log.again) <= log.at_a_kill
