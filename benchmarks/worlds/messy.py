"""The messy world: organic drift, wrong counts, bursts of losses, and orders that drop more than once.

An order loses a share of its units (beta distributed) by a Weibull decay, in bursts. Batches of an order are
removed at once, and in a purge every order of a service loses. The account has an organic drift. One count in
a hundred is wrong: a day old, or too low. A drop is confirmed by a second look two hours later; a refill
arrives a day after that, and then the order can drop again.
"""

import numpy as np
from numpy.typing import NDArray
from worlds.orders import (
    DAYS,
    GUARANTEE,
    SERVICES,
    Numbers,
    RowNumbers,
    Score,
    WorldOrders,
    score,
    sell,
    surges,
)

PER_DAY = 400
THRESHOLD = 0.05
DEPTH = np.array([0.5, 0.3, 0.15, 0.08, 0.04, 0.02, 0.01, 0.005])
"""Mean share that an order of each service loses eventually."""
PEAKEDNESS = 2.5
"""Sum of the parameters, a + b, of the beta distribution of these shares."""
BETA = np.array([0.6, 0.45, 0.7, 0.5, 0.65, 0.55, 0.8, 0.4])
SCALE = np.array([400.0, 600, 300, 500, 800, 400, 600, 300])
"""Hours of each service's decay."""
BURSTS = 0.08
"""Shape of the gamma distribution of an hour's loss; most hours have almost none."""
BATCH_EVERY = 360 * 24.0
"""Mean hours between two batch removals of an order."""
BATCH = (0.02, 0.2)
"""Share of an order in a batch removal, minimum and maximum."""
PURGE = 0.01
"""Mean share of an order lost in a purge."""
DRIFT = 0.06
"""Standard deviation of the organic drift per day, in thresholds."""
GROWTH = 0.01
"""Mean of the organic drift per day, in thresholds."""
WRONG = 0.01
"""Share of wrong counts: half of them a day old, half too low."""
STALE = 24
TOO_LOW = (0.2, 3.0)
"""Minimum and maximum error of a low count, in thresholds."""
CONFIRMED_AFTER = 2
REFILLED_AFTER = 24
PER_PROFILE = 2.3
"""Orders under guarantee per profile."""
FOLLOWERS = 0.5
"""Share of the orders that are for followers."""
ON_PAGE = 0.8
"""Share of the other orders whose post is on the page that shows the followers."""


class MessyWorld:
    """Orders, and the loss of each at every hour of its guarantee without refills."""

    name = "messy"

    def __init__(self, seed: int, per_day: int = PER_DAY) -> None:
        random = np.random.default_rng(seed)
        self.seed = seed
        self.in_guarantee = per_day * 30
        self.orders = sell(random, per_day)
        self.orders.delivered = np.ceil(self.orders.delivered)
        self.orders.ends = self.orders.delivered + GUARANTEE
        self.used = self._used(random, surges(random))
        self.request_key = self._targets(random)

    def case(self, *, request_key: bool = False) -> "MessyCase":
        return MessyCase(self, request_key=request_key)

    def _used(self, random: np.random.Generator, purged: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Draw the used share of the threshold, by row and hour since delivery."""
        rows = len(self.orders.delivered)
        used = np.empty((rows, GUARANTEE + 1), dtype=np.float32)
        for part in np.array_split(np.arange(rows), DAYS):
            lost = np.cumsum(self._hourly(random, part, purged), axis=1)
            drift = random.normal(GROWTH / 24, DRIFT / 24**0.5, lost.shape)
            drift[:, 0] = 0
            used[part] = (1 - np.exp(-lost)) / THRESHOLD - np.cumsum(drift, axis=1)
        return used

    def _hourly(self, random: np.random.Generator, part: RowNumbers, purged: NDArray[np.bool_]) -> Numbers:
        """Draw the loss of each order in each hour, as a share of what is left."""
        service, hours = self.orders.service[part], np.arange(GUARANTEE + 1)
        mean = DEPTH[service]
        depth = random.beta(mean * PEAKEDNESS, (1 - mean) * PEAKEDNESS)[:, None]
        decay = 1 - np.exp(-((hours[None, :] / SCALE[service][:, None]) ** BETA[service][:, None]))
        smooth = np.diff(-np.log1p(-(depth * decay).clip(max=0.99)), axis=1, prepend=0)
        hourly = smooth * random.gamma(BURSTS, 1 / BURSTS, smooth.shape)
        batch = random.random(hourly.shape) < 1 / BATCH_EVERY
        hourly[batch] += random.uniform(*BATCH, int(batch.sum()))
        at = self.orders.delivered[part].astype(int)[:, None] + hours[None, :]
        purge = purged[service[:, None], at]
        hourly[purge] += random.gamma(BURSTS, PURGE / 30 / BURSTS, int(purge.sum()))
        hourly[:, 0] = 0
        return hourly

    def _targets(self, random: np.random.Generator) -> RowNumbers:
        """Number the request targets: a profile with most of its posts, or one post."""
        rows = len(self.orders.delivered)
        profile = random.integers(0, round(self.in_guarantee / PER_PROFILE), rows)
        shown = (random.random(rows) < FOLLOWERS) | (random.random(rows) < ON_PAGE)
        return np.where(shown, profile, np.arange(rows) + rows)


_ACTIVE, _SUSPECTED, _REFILLING = range(3)


class MessyCase:
    """One policy's run in the world."""

    def __init__(self, world: MessyWorld, *, request_key: bool) -> None:
        self.world, self.random = world, np.random.default_rng(world.seed + 1)
        rows = len(world.orders.delivered)
        _, target = (
            np.unique(world.request_key, return_inverse=True) if request_key else (None, np.arange(rows))
        )
        o = world.orders
        self.orders = WorldOrders(o.delivered, o.ends, o.service, o.weight, target)
        self.refilled = np.zeros(rows)
        self.since = o.delivered.astype(int)
        """Time from which on a drop is a new one."""
        self.state = np.zeros(rows, dtype=np.int8)
        self._confirm: dict[int, list[int]] = {}
        self._resume: dict[int, list[int]] = {}
        self._seen = np.zeros(rows, dtype=bool)
        """Whether the current drop was seen, confirmed or not."""
        self.drops: list[tuple[int, float, float]] = []
        """Row, delay, and hours from the crossing to the guarantee's end."""

    def look(self, rows: RowNumbers, now: int) -> Numbers:
        """Look at rows; return the shown used share of the threshold of each."""
        shown = self._shown(rows, now)
        dropped = (shown >= 1) & (self.state[rows] == _ACTIVE)
        for row in rows[dropped].tolist():
            self.state[row] = _SUSPECTED
            self._confirm.setdefault(now + CONFIRMED_AFTER, []).append(row)
            self._record_seen(row, now)
        return shown

    def confirm(self, rows: RowNumbers, now: int) -> Numbers:
        """Make the confirming look at rows; return their shown used shares."""
        shown = self._shown(rows, now)
        for row, used in zip(rows.tolist(), shown.tolist(), strict=True):
            if used >= 1:
                self._record_seen(row, now)
                self.state[row], self._seen[row] = _REFILLING, False
                self.refilled[row] += used
                self.since[row] = now + REFILLED_AFTER
                self._resume.setdefault(now + REFILLED_AFTER, []).append(row)
            else:
                self._seen[row] &= self._crossing(row, now) is not None
                self._resume.setdefault(now + 1, []).append(row)
        return shown

    def open(self, rows: RowNumbers, now: int) -> RowNumbers:
        """Filter the rows that can be looked at now."""
        return rows[(self.orders.ends[rows] > now) & (self.state[rows] == _ACTIVE)]

    def resumed(self, now: int) -> list[int]:
        """Reactivate and return rows whose refill has arrived or whose drop was not confirmed."""
        rows = self._resume.pop(now, [])
        self.state[rows] = _ACTIVE
        return rows

    def confirmations(self, now: int) -> list[int]:
        """Return the rows whose confirming look is due."""
        return [row for row in self._confirm.pop(now, []) if self.orders.ends[row] > now]

    def postpone(self, rows: list[int], now: int) -> None:
        """Postpone confirming looks by an hour."""
        self._confirm.setdefault(now + 1, []).extend(rows)

    def score(self, requests: int) -> Score:
        self._record_missed()
        row = np.array([drop[0] for drop in self.drops])
        delay, until_end = np.array([drop[1:] for drop in self.drops]).T
        measured = self.orders.measured[row]
        weight = self.orders.weight[row[measured]]
        return score(weight, delay[measured], until_end[measured], requests)

    def _shown(self, rows: RowNumbers, now: int) -> Numbers:
        age = now - self.orders.delivered[rows].astype(int)
        draw = self.random.random(len(rows))
        stale = np.where(draw < WRONG / 2, np.maximum(age - STALE, 0), age)
        low = np.where(draw > 1 - WRONG / 2, self.random.uniform(*TOO_LOW, len(rows)), 0)
        return self.world.used[rows, stale] + low - self.refilled[rows]

    def _crossing(self, row: int, now: int) -> int | None:
        """Return when the order crossed its threshold; None if it is above it now."""
        begin = int(self.orders.delivered[row])
        path = self.world.used[row, max(self.since[row] - begin, 0) : now - begin + 1] - self.refilled[row]
        if not len(path) or path[-1] < 1:
            return None
        whole = np.flatnonzero(path < 1)
        return int(now - len(path) + 1 + (whole[-1] + 1 if len(whole) else 0))

    def _record_seen(self, row: int, now: int) -> None:
        """Record a drop as seen, unless there is none or it was seen before."""
        crossed = None if self._seen[row] else self._crossing(row, now)
        if crossed is not None:
            self._seen[row] = True
            self.drops.append((row, now - crossed + 0.5, self.orders.ends[row] - crossed))

    def _record_missed(self) -> None:
        """Record the drops that are unseen at the end of the guarantee."""
        for row in np.flatnonzero(self.orders.measured & (self.state != _REFILLING) & ~self._seen).tolist():
            end = int(self.orders.ends[row]) - 1
            crossed = self._crossing(row, end)
            if crossed is not None:
                self.drops.append((row, np.inf, self.orders.ends[row] - crossed))


assert len(DEPTH) == len(BETA) == len(SCALE) == SERVICES
