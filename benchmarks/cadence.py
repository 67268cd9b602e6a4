"""Compares the adaptive cadence with other policies: `python benchmarks/cadence.py`.

Two synthetic worlds are built from seeds (worlds/calm.py, worlds/messy.py). Every policy gets the same worlds
and the same number of requests: round robin, an age ladder, the fixed cadence, static square-root rates, the
adaptive cadence with the program's own code, and in the calm world a policy with the true hazards. In the
messy world confirming looks are paid from the budget of every policy. Needs numpy: `make .venv/.benchmarks`.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import fmean

sys.path.insert(0, str(Path(__file__).parent.parent))

import adaptive
import peers
from worlds.calm import CalmWorld
from worlds.messy import MessyWorld
from worlds.orders import Score

BUDGETS = (0.05, 0.25, 1.0, 4.0)
"""Looks per order under guarantee and day."""
SEEDS = {0.05: (1, 2, 3), 0.25: (1, 2, 3), 1.0: (1,), 4.0: (1,)}
DIVISOR = {4.0: 4}
"""Divisor of the number of orders at a budget, to save time."""
ADAPTIVE, BASELINE, TRUE = "adaptive cadence", peers.RoundRobin.name, peers.TrueHazards.name
COALESCED = ", coalesced"


@dataclass(frozen=True, slots=True)
class CostTarget:
    """The maximum ratio of the costs of two policies, at each budget."""

    world: str
    policy: str
    other: str
    limits: tuple[float, ...]


COST_TARGETS = (
    CostTarget("calm", ADAPTIVE, BASELINE, (0.25, 0.13, 0.10, 0.16)),
    CostTarget("calm", ADAPTIVE, TRUE, (1.25, 1.25, 1.20, 1.02)),
    CostTarget("messy", ADAPTIVE, BASELINE, (0.17, 0.17, 0.19, 0.38)),
    CostTarget("messy", ADAPTIVE + COALESCED, BASELINE + COALESCED, (0.26, 0.26, 0.32)),
)


def scores_of(world: peers.AnyWorld, budget: float) -> Iterator[tuple[str, Score]]:
    """Run each policy in a world; yield names and scores."""
    others = [
        peers.RoundRobin(),
        peers.AgeLadder(),
        peers.FixedIntervals(),
        peers.StaticRoot(peers.drop_rates(world)),
    ]
    for peer in [*others, peers.TrueHazards(world)] if isinstance(world, CalmWorld) else others:
        yield peer.name, peers.run(world, peer, budget)
    yield ADAPTIVE, adaptive.run(world, budget)
    if isinstance(world, MessyWorld) and budget < max(BUDGETS):
        yield BASELINE + COALESCED, peers.run(world, peers.RoundRobin(), budget, request_key=True)
        yield ADAPTIVE + COALESCED, adaptive.run(world, budget, request_key=True)


def measure(
    kind: type[peers.AnyWorld], budget: float, seeds: Sequence[int], per_day: int
) -> dict[str, Score]:
    """Return each policy's mean score over the seeds."""
    scores: dict[str, list[Score]] = {}
    for seed in seeds:
        for name, score in scores_of(kind(seed, per_day), budget):
            scores.setdefault(name, []).append(score)
    return {name: _mean(each) for name, each in scores.items()}


def _mean(scores: Sequence[Score]) -> Score:
    return Score(*(fmean(getattr(score, field.name) for score in scores) for field in fields(Score)))


def show(world: str, budget: float, seeds: Sequence[int], scores: dict[str, Score]) -> None:
    """Print one table."""
    print(f"\n{world} world, {budget:g} looks per order and day; seeds {', '.join(map(str, seeds))}")
    heads = ("cost h", "missed", "mean h", "p50", "p95", "per drop", "x RR", "x true")
    print("policy".ljust(30) + "".join(head.rjust(9) for head in heads))
    for name, s in scores.items():
        baseline = scores[BASELINE + COALESCED if name.endswith(COALESCED) else BASELINE].cost
        true = f"{s.cost / scores[TRUE].cost:9.2f}" if TRUE in scores else ""
        print(
            f"{name:30}{s.cost:9.2f}{s.missed:9.2%}{s.mean:9.1f}{_hours(s.p50):>9}{_hours(s.p95):>9}"
            f"{s.per_drop:9.1f}{s.cost / baseline:9.3f}{true}",
            flush=True,
        )


def _hours(value: float) -> str:
    return "never" if value == float("inf") else f"{value:.1f}"


def report(tables: dict[tuple[str, float], dict[str, Score]]) -> None:
    """Print which cost targets are met."""
    print("\ncost targets")
    for target in COST_TARGETS:
        for budget, limit in zip(BUDGETS, target.limits, strict=False):
            scores = tables.get((target.world, budget), {})
            if target.policy in scores:
                ratio = scores[target.policy].cost / scores[target.other].cost
                _print_result(f"{target.world}, {budget:g}: {target.policy} / {target.other}", ratio, limit)
    for (world, budget), scores in tables.items():
        for kind in ("", COALESCED):
            if ADAPTIVE + kind in scores:
                missed, limit = scores[ADAPTIVE + kind].missed, scores[BASELINE + kind].missed
                _print_result(f"{world}, {budget:g}: missed{kind}, limit {BASELINE}", missed, limit)


def _print_result(what: str, value: float, limit: float) -> None:
    print(f"{what:75}{value:8.4f} of {limit:.4f}  {'met' if value <= limit else 'NOT MET'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="one seed, an eighth of the orders; a minute or two"
    )
    parser.add_argument("--world", choices=("calm", "messy"), help="run this world only")
    options = parser.parse_args()
    begun = time.monotonic()
    tables = {}
    for kind, size in ((CalmWorld, 800), (MessyWorld, 400)):
        if options.world not in {None, kind.name}:
            continue
        for budget in BUDGETS:
            seeds = SEEDS[budget][:1] if options.quick else SEEDS[budget]
            per_day = size // 8 if options.quick else size // DIVISOR.get(budget, 1)
            scores = tables[kind.name, budget] = measure(kind, budget, seeds, per_day)
            show(kind.name, budget, seeds, scores)
    report(tables)
    print(f"\n{time.monotonic() - begun:.0f} seconds")


if __name__ == "__main__":
    main()
