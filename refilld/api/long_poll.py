"""Long polling: claims wait for refills in the order of their arrival, without threads of their own.

One thread, which runs while somebody waits, claims for them: so they neither wake up for nothing nor crowd
before the writer. It looks for refills when the signal says that some were queued, and a few times a second,
less often for many distinct filters.
"""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from threading import Condition, Event, Thread
from time import monotonic
from typing import TypeAlias

from flask import Response, request

from refilld.api.auth import Guard, bearer_token
from refilld.api.problems import of_error
from refilld.api.refill_actions import RefillActions
from refilld.api.responses import to_json
from refilld.api.schemas import ClaimBody
from refilld.deferred_answer import DeferredAnswer, WaitingClient
from refilld.services.refill_fields import claimed
from storage import leases
from storage.actor import Actor, acting, actor
from storage.claim_selection import ClaimFilter
from storage.engine import Database
from storage.leases import ClaimedRefill
from storage.queue_watch import QueueWatch

MOST_WAITING = 300
"""Claims that wait at a time; further ones are answered at once."""
POLL_INTERVAL = 0.1
"""Seconds between two looks without a signal."""
_MOST_LOOKS = 300
"""Distinct filters for which refills are looked for in a second, at most, unless some are found."""
_AT_ONCE = 50
"""Claims that are served in one transaction, so that other writers get their turn."""
_MOST_REFILLS = 1000
"""Refills of one transaction, after which no further claim is served in it."""
_IDLE_ROUND, _IDLE_ROUNDS = 0.2, 25
"""The thread ends after so many rounds of so many seconds without a waiting claim."""


@dataclass(frozen=True, slots=True, eq=False)
class WaitingClaim:
    """A claim that waits, until a time by the monotonic clock."""

    body: ClaimBody
    wanted: ClaimFilter
    until: float
    by: Actor
    token: str = field(repr=False)
    answer: DeferredAnswer
    client: WaitingClient

    def send(self, rows: Iterable[ClaimedRefill]) -> None:
        """Answer with what was claimed."""
        self.answer.set_data(_text(rows))
        self.client.send_answer()

    def refuse(self, fault: Response) -> None:
        """Answer with a problem."""
        self.answer.status = fault.status
        self.answer.headers.update(fault.headers)
        self.answer.set_data(fault.get_data())
        self.client.send_answer()


_Served: TypeAlias = tuple[WaitingClaim, list[ClaimedRefill]]


class LongPoll:
    """The waiting claims of a process."""

    def __init__(self, database: Database, actions: RefillActions, stopping: Event, guard: Guard) -> None:
        self._database = database
        self._actions = actions
        self._stopping = stopping
        self._guard = guard
        self._changed = Condition()
        self._line: list[WaitingClaim] = []
        self._runs = False

    def answer(self, body: ClaimBody) -> DeferredAnswer:
        """The answer to a claim that found nothing: empty, unless refills can be claimed in time."""
        deferred = DeferredAnswer(_text(()), mimetype="application/json")
        by, until, wanted = actor(), monotonic() + body.wait_seconds, self._actions.wanted(body)
        token = bearer_token(request.headers.get("Authorization", "")) or ""
        deferred.join = lambda answer, client: self._join(
            WaitingClaim(body, wanted, until, by, token, answer, client)
        )
        return deferred

    def has_like(self, body: ClaimBody) -> bool:
        """Whether a claim waits for the same: then nothing is ready, and another one goes behind it."""
        wanted = self._actions.wanted(body)
        with self._changed:
            return any(claim.wanted == wanted for claim in self._line)

    def _join(self, claim: WaitingClaim) -> bool:
        """Let a claim wait as the last one; returns False when too many wait or the process stops."""
        with self._changed:
            if self._stopping.is_set() or len(self._line) >= MOST_WAITING:
                return False
            if not self._runs:  # first: if no thread can start, nothing is to wait for it
                Thread(target=self._run, daemon=True, name="long-poll").start()
                self._runs = True
            self._line.append(claim)
            self._changed.notify()
        return True

    def _run(self) -> None:
        with closing(QueueWatch(self._database)) as watch:
            while self._waiting():
                try:
                    self._serve()
                    self._end_waits()
                    self._stopping.wait(self._rest())
                    watch.wait(self._pause())
                except Exception as error:  # noqa: BLE001  # whatever it is, the others must be served later
                    self._refuse_all(of_error(error))

    def _waiting(self) -> bool:
        """Wait until a claim waits; returns False when none has for some seconds, and the thread ends."""
        with self._changed:
            for _ in range(_IDLE_ROUNDS):
                if self._line or self._stopping.is_set():
                    break
                self._changed.wait(_IDLE_ROUND)
            self._runs = bool(self._line)
            return self._runs

    def _pause(self) -> float:
        """Seconds until the next look without a signal: until the first wait ends, at most."""
        ends = min((claim.until for claim in self._snapshot()), default=0.0)
        return min(POLL_INTERVAL, max(ends - monotonic(), 0.0))

    def _rest(self) -> float:
        """Seconds without a look, also with a signal, and also when a wait ends meanwhile."""
        return len({claim.wanted for claim in self._snapshot()}) / _MOST_LOOKS

    def _end_waits(self) -> None:
        """Answer those whose time is over, and drop those whose client is gone."""
        now, stopping = monotonic(), self._stopping.is_set()
        over = [
            claim for claim in self._snapshot() if stopping or claim.until <= now or claim.client.is_gone()
        ]
        self._forget(over)
        for claim in over:
            claim.client.send_answer()

    def _refuse_all(self, fault: Response) -> None:
        """Answer all that wait with a fault."""
        refused = self._snapshot()
        self._forget(refused)
        for claim in refused:
            claim.refuse(fault)

    def _serve(self) -> None:
        """Claim for those for whom something is ready, until nothing is, and then answer them.

        Whoever has an answer claims again: that would delay the claims of the others. The round also ends
        when other transactions hold all that the first ones want: those behind them wait for the next round.
        """
        served: list[_Served] = []
        try:
            while chosen := self._ready():
                found = self._claim(self._admitted(chosen[:_AT_ONCE]))
                if not found:
                    break
                served += found
                self._forget(claim for claim, _ in found)
        finally:
            for claim, rows in served:
                claim.send(rows)

    def _ready(self) -> list[WaitingClaim]:
        """Those for whom something is ready, in their order; a look, which needs no turn to write."""
        line = self._snapshot()
        if not line or self._stopping.is_set():
            return []
        with self._database.read() as tx:
            now = self._actions.now(tx)
            wanted = {claim.wanted for claim in line}
            ready = {one for one in wanted if leases.anything_ready(tx, now, one)}
        return [claim for claim in line if claim.wanted in ready]

    def _admitted(self, chosen: Iterable[WaitingClaim]) -> list[WaitingClaim]:
        """Those whose token is still valid; the others are refused."""
        chosen = list(chosen)
        faults = {token: self._guard.withdrawal(token) for token in {claim.token for claim in chosen}}
        for claim in chosen:
            fault = faults[claim.token]
            if fault is not None:
                self._forget([claim])
                claim.refuse(fault)
        return [claim for claim in chosen if faults[claim.token] is None]

    def _claim(self, chosen: Iterable[WaitingClaim]) -> list[_Served]:
        """Claim for these in one transaction; returns those that got something."""
        served, exhausted, refills = [], set(), 0
        with self._database.write() as tx:
            now = self._actions.now(tx)
            for claim in chosen:
                if claim.wanted in exhausted or claim.client.is_gone():
                    continue
                if refills >= _MOST_REFILLS or self._stopping.is_set():
                    break
                with acting(claim.by):
                    rows = self._actions.claim(tx, now, claim.body)
                if rows:
                    served.append((claim, rows))
                    refills += len(rows)
                else:
                    exhausted.add(claim.wanted)
        return served

    def _snapshot(self) -> list[WaitingClaim]:
        with self._changed:
            return list(self._line)

    def _forget(self, claims: Iterable[WaitingClaim]) -> None:
        with self._changed:
            for claim in claims:
                self._line.remove(claim)


def _text(rows: Iterable[ClaimedRefill]) -> str:
    return to_json({"refills": [claimed(row) for row in rows]})
