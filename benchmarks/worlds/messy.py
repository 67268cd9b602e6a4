"""The messy world: counts that drift, lie and fall in lumps; orders that drop more than once.

An order loses a share of its own (beta distributed) by a Weibull decay, in bursts; now and then a batch of it
is removed at once, and in a purge every order of a service loses. The account wins and loses followers of its
own. One count in a hundred is wrong: a day old, or too low. What a look shows is believed after a second look
two hours later; a refill arrives a day after that, and then the order may drop again.
"""

import numpy as np
from numpy.typing import NDArray
from worlds.orders import DAYS, GUARANTEE, SERVICES, Numbers, Orders, Rows, Score, score, sell, waves

PER_DAY = 400
THRESHOLD = 0.05
DEPTH = np.array([0.5, 0.3, 0.15, 0.08, 0.04, 0.02, 0.01, 0.005])
"""Mean share that an order of each service loses in the end."""
PEAKEDNESS = 2.5
"""Of the beta distribution of these shares: a + b."""
BETA = np.array([0.6, 0.45, 0.7, 0.5, 0.65, 0.55, 0.8, 0.4])
SCALE = np.array([400.0, 600, 300, 500, 800, 400, 600, 300])
"""Hours of each service's decay."""
BURSTS = 0.08
"""Shape of the gamma distribution of an hour's loss: many hours without, few with much."""
BATCH_EVERY = 360 * 24.0
"""Hours between two removals of a batch of an order."""
BATCH = (0.02, 0.2)
"""Share of an order that such a removal takes."""
PURGE = 0.01
"""Mean share of an order that a purge takes."""
DRIFT = 0.06
"""Standard deviation of the account's own change in a day, in thresholds."""
GROWTH = 0.01
"""Its mean in a day."""
WRONG = 0.01
"""Share of the counts that are wrong: half stale by a day, half too low."""
STALE = 24
TOO_LOW = (0.2, 3.0)
"""In thresholds."""
CONFIRMED_AFTER = 2
REFILLED_AFTER = 24
PER_PROFILE = 2.3
"""Orders in guarantee on one profile."""
FOLLOWERS = 0.5
"""Share of the orders that are for followers."""
ON_PAGE = 0.8
"""Share of the other orders whose post is on the page that shows the followers."""


class MessyWorld:
    """Orders, and what they have lost at each hour of their guarantee were nothing refilled."""

    name = "messy"

    def __init__(self, seed: int, per_day: int = PER_DAY) -> None:
        random = np.random.default_rng(seed)
        self.seed = seed
        self.in_guarantee = per_day * 30
        self.orders = sell(random, per_day)
        self.orders.delivered = np.ceil(self.orders.delivered)
        self.orders.ends = self.orders.delivered + GUARANTEE
        self.used = self._used(random, waves(random))
        self.request_key = self._targets(random)

    def case(self, *, request_key: bool = False) -> "MessyCase":
        return MessyCase(self, request_key=request_key)

    def _used(self, random: np.random.Generator, purged: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Share of the threshold used, by row and hour since delivery."""
        rows = len(self.orders.delivered)
        used = np.empty((rows, GUARANTEE + 1), dtype=np.float32)
        for part in np.array_split(np.arange(rows), DAYS):
            lost = np.cumsum(self._hourly(random, part, purged), axis=1)
            own = random.normal(GROWTH / 24, DRIFT / 24**0.5, lost.shape)
            own[:, 0] = 0
            used[part] = (1 - np.exp(-lost)) / THRESHOLD - np.cumsum(own, axis=1)
        return used

    def _hourly(self, random: np.random.Generator, part: Rows, purged: NDArray[np.bool_]) -> Numbers:
        """What each order loses in each hour, as a share of what is left."""
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

    def _targets(self, random: np.random.Generator) -> Rows:
        """What one request shows: a profile with most of its posts, or one post."""
        rows = len(self.orders.delivered)
        profile = random.integers(0, round(self.in_guarantee / PER_PROFILE), rows)
        shown = (random.random(rows) < FOLLOWERS) | (random.random(rows) < ON_PAGE)
        return np.where(shown, profile, np.arange(rows) + rows)


_WATCHED, _SUSPECTED, _REFILLING = range(3)


class MessyCase:
    """One policy's run through the world."""

    def __init__(self, world: MessyWorld, *, request_key: bool) -> None:
        self.world, self.random = world, np.random.default_rng(world.seed + 1)
        rows = len(world.orders.delivered)
        _, target = (
            np.unique(world.request_key, return_inverse=True) if request_key else (None, np.arange(rows))
        )
        o = world.orders
        self.orders = Orders(o.delivered, o.ends, o.service, o.weight, target)
        self.refilled = np.zeros(rows)
        self.since = o.delivered.astype(int)
        """From when a drop would be a new one."""
        self.state = np.zeros(rows, dtype=np.int8)
        self._confirm: dict[int, list[int]] = {}
        self._resume: dict[int, list[int]] = {}
        self._seen = np.zeros(rows, dtype=bool)
        """The present drop was seen, though perhaps not yet confirmed."""
        self.drops: list[tuple[int, float, float]] = []
        """Row, delay, hours from the crossing to the guarantee's end."""

    def look(self, rows: Rows, now: int) -> Numbers:
        """Share of the threshold used, of each of these rows, as it is shown."""
        shown = self._shown(rows, now)
        dropped = (shown >= 1) & (self.state[rows] == _WATCHED)
        for row in rows[dropped].tolist():
            self.state[row] = _SUSPECTED
            self._confirm.setdefault(now + CONFIRMED_AFTER, []).append(row)
            self._note(row, now)
        return shown

    def confirm(self, rows: Rows, now: int) -> Numbers:
        """The second look at these rows."""
        shown = self._shown(rows, now)
        for row, used in zip(rows.tolist(), shown.tolist(), strict=True):
            if used >= 1:
                self._note(row, now)
                self.state[row], self._seen[row] = _REFILLING, False
                self.refilled[row] += used
                self.since[row] = now + REFILLED_AFTER
                self._resume.setdefault(now + REFILLED_AFTER, []).append(row)
            else:
                self._seen[row] &= self._crossing(row, now) is not None
                self._resume.setdefault(now + 1, []).append(row)
        return shown

    def open(self, rows: Rows, now: int) -> Rows:
        """Those that are worth a look now."""
        return rows[(self.orders.ends[rows] > now) & (self.state[rows] == _WATCHED)]

    def resumed(self, now: int) -> list[int]:
        """Rows that are watched again: their refill has arrived, or there was no drop."""
        rows = self._resume.pop(now, [])
        self.state[rows] = _WATCHED
        return rows

    def confirmations(self, now: int) -> list[int]:
        """Rows that need their second look now."""
        return [row for row in self._confirm.pop(now, []) if self.orders.ends[row] > now]

    def postpone(self, rows: list[int], now: int) -> None:
        """There was no request left for these second looks."""
        self._confirm.setdefault(now + 1, []).extend(rows)

    def score(self, requests: int) -> Score:
        self._miss()
        row = np.array([drop[0] for drop in self.drops])
        delay, over = np.array([drop[1:] for drop in self.drops]).T
        measured = self.orders.measured[row]
        weight = self.orders.weight[row[measured]]
        return score(weight, delay[measured], over[measured], requests)

    def _shown(self, rows: Rows, now: int) -> Numbers:
        age = now - self.orders.delivered[rows].astype(int)
        dice = self.random.random(len(rows))
        stale = np.where(dice < WRONG / 2, np.maximum(age - STALE, 0), age)
        low = np.where(dice > 1 - WRONG / 2, self.random.uniform(*TOO_LOW, len(rows)), 0)
        return self.world.used[rows, stale] + low - self.refilled[rows]

    def _crossing(self, row: int, now: int) -> int | None:
        """When the order has fallen below its threshold, if it is below it now."""
        begin = int(self.orders.delivered[row])
        path = self.world.used[row, max(self.since[row] - begin, 0) : now - begin + 1] - self.refilled[row]
        if not len(path) or path[-1] < 1:
            return None
        whole = np.flatnonzero(path < 1)
        return int(now - len(path) + 1 + (whole[-1] + 1 if len(whole) else 0))

    def _note(self, row: int, now: int) -> None:
        """A drop was seen, if there is one and it was not seen before."""
        crossed = None if self._seen[row] else self._crossing(row, now)
        if crossed is not None:
            self._seen[row] = True
            self.drops.append((row, now - crossed + 0.5, self.orders.ends[row] - crossed))

    def _miss(self) -> None:
        """Whoever is below the threshold at the end, and nobody has seen it."""
        for row in np.flatnonzero(self.orders.measured & (self.state != _REFILLING) & ~self._seen).tolist():
            end = int(self.orders.ends[row]) - 1
            crossed = self._crossing(row, end)
            if crossed is not None:
                self.drops.append((row, np.inf, self.orders.ends[row] - crossed))


assert len(DEPTH) == len(BETA) == len(SCALE) == SERVICES
