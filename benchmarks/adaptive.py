"""Runs the adaptive cadence in a world: the program's own code, with heaps instead of database indexes."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from math import expm1

import numpy as np
from peers import AnyWorld, confirming_looks
from worlds.orders import HOURS, Score

from monitor.cadence.hazard import Cell, Hazards, cell_at
from monitor.cadence.piecewise_hazard import PiecewiseHazard, cumulative_hazard, look_value, weighted_sum
from monitor.cadence.virtual_time import VirtualTime, final_look_value

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


class OrderAtLook:
    """The state of an order at its last look."""

    __slots__ = ("at", "cell", "hazard", "used")

    def __init__(self, at: float, cell: Cell, hazard: PiecewiseHazard) -> None:
        self.at, self.cell, self.hazard, self.used = at, cell, hazard, 0.0


class AdaptiveRun:
    """One run of the adaptive cadence; targets wait in service queues, sorted by due value."""

    def __init__(self, world: AnyWorld, *, request_key: bool = False) -> None:
        self.case = world.case(request_key=request_key)
        orders = self.case.orders
        self.target = orders.target.tolist()
        self.delivered, self.ends = orders.delivered.tolist(), orders.ends.tolist()
        self.weight = orders.weight.tolist()
        self.service = [str(service) for service in orders.service]
        self.hazards, self.virtual_time = Hazards({}), VirtualTime()
        self.last_looks: dict[int, OrderAtLook] = {}
        self.rows: defaultdict[int, list[int]] = defaultdict(list)
        """The open orders of each target."""
        self.due: dict[int, float] = {}
        self.queues: defaultdict[str, list[tuple[float, int]]] = defaultdict(list)
        self.service_queue: dict[int, str] = {}
        self.ending: defaultdict[int, list[int]] = defaultdict(list)
        for row, end in enumerate(self.ends):
            self.ending[int(end - 1e-6)].append(row)

    def run(self, per_hour: float) -> Score:
        """Run through all hours of the world."""
        last = np.zeros(len(self.target))
        begun, budget, requests = 0, 0.0, 0
        for now in range(1, HOURS):
            while begun < len(self.delivered) and self.delivered[begun] <= now:
                self.join(begun, self.delivered[begun])
                begun += 1
            for row in self.case.resumed(now):
                self.rejoin(row, float(last[row]))
            budget = budget % 1 + per_hour
            left = int(budget) - confirming_looks(self.case, last, now, int(budget))
            left -= self.final_looks(now, left)
            requests += int(budget) - left + self.queued_looks(now, left)
        return self.case.score(requests)

    def join(self, row: int, at: float) -> None:
        """Add a new order; it never delays its target."""
        cell = cell_at(self.service[row], 0.0, 0.0, None)
        self.last_looks[row] = OrderAtLook(at, cell, self.hazards.hazard_for(cell))
        target = self.target[row]
        self.rows[target].append(row)
        self.queue_position(target, soonest=self.due.get(target))

    def rejoin(self, row: int, at: float) -> None:
        """Reactivate an order after a refill or an unconfirmed drop; `at` is its confirming look."""
        state = self.last_looks[row]
        hours = at - self.delivered[row]
        state.cell = cell_at(self.service[row], hours, 0.0, None)
        state.at, state.used, state.hazard = at, 0.0, self.hazards.hazard_for(state.cell)
        target = self.target[row]
        self.rows[target].append(row)
        self.queue_position(target, soonest=self.due.get(target))

    def final_looks(self, now: int, left: int) -> int:
        """Look at orders whose guarantee ends within the hour, if it pays; return the number of requests."""
        values = []
        for row in self.ending.pop(now, ()):
            if row in self.rows[self.target[row]]:
                state = self.last_looks[row]
                hazard = cumulative_hazard(state.hazard, now - state.at)
                values.append((final_look_value(self.weight[row], hazard), self.target[row]))
        targets: list[int] = []
        for value, target in sorted(values, reverse=True):
            if len(targets) < left and target not in targets and self.virtual_time.affords(value):
                self.virtual_time.record_final_look(value)
                targets.append(target)
        self.look(targets, now)
        return len(targets)

    def queued_looks(self, now: int, left: int) -> int:
        """Look at the next targets of the virtual queue; return the number of requests."""
        targets: list[int] = []
        while len(targets) < left:
            target = self.next()
            if target is None:
                break
            if not self.close(target, now):
                continue
            due = self.due.pop(target)
            self.virtual_time.advance_to(self.service_queue[target], due)
            self.virtual_time.record_served(
                sum(
                    self.weight[row] * look_value(self.last_looks[row].hazard, now - self.last_looks[row].at)
                    for row in self.rows[target]
                )
            )
            targets.append(target)
        self.look(targets, now)
        return len(targets)

    def next(self) -> int | None:
        """Remove and return the target with the smallest queue position; None if there is none."""
        best, first = None, None
        for service_queue, queue in self.queues.items():
            while queue and self.due.get(queue[0][1]) != queue[0][0]:
                heappop(queue)
            if queue:
                position = self.virtual_time.position_of(service_queue, queue[0][0])
                if best is None or position < best:
                    best, first = position, queue
        return heappop(first)[1] if first else None

    def close(self, target: int, now: int) -> list[int]:
        """Remove the orders of a target whose guarantee has ended; return the others."""
        rows = self.rows[target] = [row for row in self.rows[target] if self.ends[row] > now]
        if not rows:
            self.due.pop(target, None)
        return rows

    def look(self, targets: list[int], now: int) -> None:
        """Look at all orders of these targets, learn, and update the due values."""
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
        """Learn from a look, and store its result."""
        state, service = self.last_looks[row], self.service[row]
        hours_since = now - state.at
        if hours_since > 0:
            expected = -expm1(-cumulative_hazard(state.hazard, hours_since))
            self.virtual_time.observe(
                service, expected=expected, crossed=used >= 1, hours=hours_since, now=wall
            )
            effective = self.virtual_time.effective_hours(service, hours_since, wall)
            self.hazards.learn(state.cell, effective, crossed=used >= 1)
        if used < 1:
            slope = (used - state.used) / hours_since * 24 if hours_since > 0 else None
            state.cell = cell_at(service, now - self.delivered[row], used, slope)
            state.at, state.used = now, used
            state.hazard = self.hazards.hazard_for(state.cell)

    def queue_position(self, target: int, soonest: float | None = None) -> None:
        """Update the due value of a target from its orders; with `soonest` it is not later than that."""
        rows = self.rows[target]
        if not rows:
            self.due.pop(target, None)
            return
        hazards = [(self.weight[row], self.last_looks[row].hazard) for row in rows]
        service_queue = self.service[rows[0]]
        if len(rows) > 1:
            heaviest = max(range(len(rows)), key=lambda at: hazards[at][0] * hazards[at][1][1])
            service_queue = self.service[rows[heaviest]]
        due = self.virtual_time.due(service_queue, weighted_sum(hazards))
        if soonest is not None:
            due = min(
                due,
                soonest
                - self.virtual_time.offset(self.service_queue[target])
                + self.virtual_time.offset(service_queue),
            )
        self.due[target], self.service_queue[target] = due, service_queue
        heappush(self.queues[service_queue], (due, target))


def run(world: AnyWorld, looks_a_day: float, *, request_key: bool = False) -> Score:
    """Run the adaptive cadence in a world, at `looks_a_day` per order under guarantee and day."""
    return AdaptiveRun(world, request_key=request_key).run(looks_a_day * world.in_guarantee / 24)
