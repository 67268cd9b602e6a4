"""The learned cadence in a world: the program's own arithmetic, with heaps for the database's indexes."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from math import expm1

import numpy as np
from peers import World, second_looks
from worlds.orders import HOURS, Score

from monitor.cadence.hazard import Cell, Hazards, cell_at
from monitor.cadence.piecewise_hazard import PiecewiseHazard, cumulative_hazard, look_value, weighted_sum
from monitor.cadence.virtual_time import VirtualTime, final_look_value

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


class Note:
    """What is known of an order since it was last looked at."""

    __slots__ = ("at", "cell", "outlook", "used")

    def __init__(self, at: float, cell: Cell, hazard: PiecewiseHazard) -> None:
        self.at, self.cell, self.hazard, self.used = at, cell, hazard, 0.0


class Learned:
    """One run. A target waits in the queue of its stream by the due value that its last look has given it."""

    def __init__(self, world: World, *, request_key: bool = False) -> None:
        self.case = world.case(request_key=request_key)
        orders = self.case.orders
        self.target = orders.target.tolist()
        self.delivered, self.ends = orders.delivered.tolist(), orders.ends.tolist()
        self.weight = orders.weight.tolist()
        self.service = [str(service) for service in orders.service]
        self.hazards, self.clock = Hazards({}), VirtualTime()
        self.notes: dict[int, Note] = {}
        self.rows: defaultdict[int, list[int]] = defaultdict(list)
        """The open orders of each target."""
        self.due: dict[int, float] = {}
        self.queues: defaultdict[str, list[tuple[float, int]]] = defaultdict(list)
        self.service_queue: dict[int, str] = {}
        self.ending: defaultdict[int, list[int]] = defaultdict(list)
        for row, end in enumerate(self.ends):
            self.ending[int(end - 1e-6)].append(row)

    def run(self, per_hour: float) -> Score:
        """Let the policy look through its world."""
        last = np.zeros(len(self.target))
        begun, purse, requests = 0, 0.0, 0
        for now in range(1, HOURS):
            while begun < len(self.delivered) and self.delivered[begun] <= now:
                self.join(begun, self.delivered[begun])
                begun += 1
            for row in self.case.resumed(now):
                self.rejoin(row, float(last[row]))
            purse = purse % 1 + per_hour
            left = int(purse) - second_looks(self.case, last, now, int(purse))
            left -= self.last_calls(now, left)
            requests += int(purse) - left + self.turns(now, left)
        return self.case.score(requests)

    def join(self, row: int, at: float) -> None:
        """A new order: it may only bring its target's turn forward."""
        cell = cell_at(self.service[row], 0.0, 0.0, None)
        self.notes[row] = Note(at, cell, self.hazards.hazard_for(cell))
        target = self.target[row]
        self.rows[target].append(row)
        self.queue_position(target, soonest=self.due.get(target))

    def rejoin(self, row: int, at: float) -> None:
        """A refill has arrived, or a suspicion was none; the second look `at` left the order whole."""
        note = self.notes[row]
        hours = at - self.delivered[row]
        note.cell = cell_at(self.service[row], hours, 0.0, None)
        note.at, note.used, note.hazard = at, 0.0, self.hazards.hazard_for(note.cell)
        target = self.target[row]
        self.rows[target].append(row)
        self.queue_position(target, soonest=self.due.get(target))

    def last_calls(self, now: int, left: int) -> int:
        """Look at orders that end within the hour, if that is worth a request; how many requests it took."""
        values = []
        for row in self.ending.pop(now, ()):
            if row in self.rows[self.target[row]]:
                note = self.notes[row]
                hazard = cumulative_hazard(note.hazard, now - note.at)
                values.append((final_look_value(self.weight[row], hazard), self.target[row]))
        called: list[int] = []
        for value, target in sorted(values, reverse=True):
            if len(called) < left and target not in called and self.clock.affords(value):
                self.clock.record_final_look(value)
                called.append(target)
        self.look(called, now)
        return len(called)

    def turns(self, now: int, left: int) -> int:
        """Look at those whose turn it is, all at the same time; how many requests it took."""
        targets: list[int] = []
        while len(targets) < left:
            target = self.next()
            if target is None:
                break
            if not self.close(target, now):
                continue
            due = self.due.pop(target)
            self.clock.pop(self.service_queue[target], due)
            self.clock.record_served(
                sum(
                    self.weight[row] * look_value(self.notes[row].hazard, now - self.notes[row].at)
                    for row in self.rows[target]
                )
            )
            targets.append(target)
        self.look(targets, now)
        return len(targets)

    def next(self) -> int | None:
        """The target whose turn it is, taken off its queue."""
        best, first = None, None
        for service_queue, queue in self.queues.items():
            while queue and self.due.get(queue[0][1]) != queue[0][0]:
                heappop(queue)
            if queue:
                turn = self.clock.position_of(service_queue, queue[0][0])
                if best is None or turn < best:
                    best, first = turn, queue
        return heappop(first)[1] if first else None

    def close(self, target: int, now: int) -> list[int]:
        """Let go the orders of a target whose guarantee is over; those that are left."""
        rows = self.rows[target] = [row for row in self.rows[target] if self.ends[row] > now]
        if not rows:
            self.due.pop(target, None)
        return rows

    def look(self, targets: list[int], now: int) -> None:
        """Look at all orders of these targets, learn, and give the targets their new due values."""
        rows = [row for target in targets for row in self.close(target, now)]
        if not rows:
            return
        wall = BEGIN + timedelta(hours=now)
        for row, used in zip(rows, self.case.look(np.array(rows), now).tolist(), strict=True):
            self.learn(row, used, now, wall)
        open_ = self.case.open(np.array(rows), now).tolist()
        closed = set(rows) - set(open_)
        for target in targets:
            if closed:
                self.rows[target] = [row for row in self.rows[target] if row not in closed]
            self.queue_position(target)

    def learn(self, row: int, used: float, now: int, wall: datetime) -> None:
        """Learn from a look, and note what it has shown."""
        note, service = self.notes[row], self.service[row]
        waited = now - note.at
        if waited > 0:
            expected = -expm1(-cumulative_hazard(note.hazard, waited))
            self.clock.observe(service, expected=expected, crossed=used >= 1, hours=waited, now=wall)
            calm = self.clock.effective_hours(service, waited, wall)
            self.hazards.learn(note.cell, calm, crossed=used >= 1)
        if used < 1:
            slope = (used - note.used) / waited * 24 if waited > 0 else None
            note.cell = cell_at(service, now - self.delivered[row], used, slope)
            note.at, note.used = now, used
            note.hazard = self.hazards.hazard_for(note.cell)

    def queue_position(self, target: int, soonest: float | None = None) -> None:
        """The due value of a target, by what is known of its orders; not after `soonest`."""
        rows = self.rows[target]
        if not rows:
            self.due.pop(target, None)
            return
        outlooks = [(self.weight[row], self.notes[row].hazard) for row in rows]
        service_queue = self.service[rows[0]]
        if len(rows) > 1:
            dearest = max(range(len(rows)), key=lambda at: outlooks[at][0] * outlooks[at][1][1])
            service_queue = self.service[rows[dearest]]
        due = self.clock.due(service_queue, weighted_sum(outlooks))
        if soonest is not None:
            due = min(
                due,
                soonest - self.clock.offset(self.service_queue[target]) + self.clock.offset(service_queue),
            )
        self.due[target], self.service_queue[target] = due, service_queue
        heappush(self.queues[service_queue], (due, target))


def run(world: World, looks_a_day: float, *, request_key: bool = False) -> Score:
    """The learned cadence in a world, at so many looks per order in guarantee and day."""
    return Learned(world, request_key=request_key).run(looks_a_day * world.in_guarantee / 24)
