"""How much sooner the learned cadence sees drops than others do: `python benchmarks/cadence.py`.

Two worlds are built from seeds (worlds/calm.py, worlds/messy.py say how), and every policy looks through the
same ones with the same number of requests: round robin, an age ladder, the fixed cadence, static square-root
rates, in the calm world one that is told the true hazards, and the program's own arithmetic as it is. In the
messy world second looks are paid from the budget, by everybody alike. Needs numpy: `make .venv/.benchmarks`.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import fmean

sys.path.insert(0, str(Path(__file__).parent.parent))

import learned
import peers
from worlds.calm import CalmWorld
from worlds.messy import MessyWorld
from worlds.orders import Score

BUDGETS = (0.05, 0.25, 1.0, 4.0)
"""Looks per order in guarantee and day."""
SEEDS = {0.05: (1, 2, 3), 0.25: (1, 2, 3), 1.0: (1,), 4.0: (1,)}
SMALLER = {4.0: 4}
"""At so many looks the world is so many times smaller, to save time."""
OURS, RIVAL, TRUE = "learned cadence", peers.RoundRobin.name, peers.Knowing.name
TOGETHER = ", coalesced"


@dataclass(frozen=True, slots=True)
class Aim:
    """A ratio of costs that is to be reached, at each budget."""

    world: str
    ours: str
    other: str
    limits: tuple[float, ...]


AIMS = (
    Aim("calm", OURS, RIVAL, (0.25, 0.13, 0.10, 0.16)),
    Aim("calm", OURS, TRUE, (1.25, 1.25, 1.20, 1.02)),
    Aim("messy", OURS, RIVAL, (0.17, 0.17, 0.19, 0.38)),
    Aim("messy", OURS + TOGETHER, RIVAL + TOGETHER, (0.26, 0.26, 0.32)),
)


def policies(world: peers.World, budget: float) -> Iterator[tuple[str, Score]]:
    """Each policy's score in a world."""
    rivals = [peers.RoundRobin(), peers.AgeLadder(), peers.Fixed(), peers.StaticRoot(peers.drop_rates(world))]
    for peer in [*rivals, peers.Knowing(world)] if isinstance(world, CalmWorld) else rivals:
        yield peer.name, peers.run(world, peer, budget)
    yield OURS, learned.run(world, budget)
    if isinstance(world, MessyWorld) and budget < max(BUDGETS):
        yield RIVAL + TOGETHER, peers.run(world, peers.RoundRobin(), budget, request_key=True)
        yield OURS + TOGETHER, learned.run(world, budget, request_key=True)


def measure(kind: type[peers.World], budget: float, seeds: Sequence[int], per_day: int) -> dict[str, Score]:
    """The mean of each policy's scores over the seeds."""
    scores: dict[str, list[Score]] = {}
    for seed in seeds:
        for name, score in policies(kind(seed, per_day), budget):
            scores.setdefault(name, []).append(score)
    return {name: _mean(each) for name, each in scores.items()}


def _mean(scores: Sequence[Score]) -> Score:
    return Score(*(fmean(getattr(score, field.name) for score in scores) for field in fields(Score)))


def show(world: str, budget: float, seeds: Sequence[int], scores: dict[str, Score]) -> None:
    """One table."""
    print(f"\n{world} world, {budget:g} looks per order and day; seeds {', '.join(map(str, seeds))}")
    heads = ("cost h", "missed", "mean h", "p50", "p95", "per drop", "x RR", "x true")
    print("policy".ljust(30) + "".join(head.rjust(9) for head in heads))
    for name, s in scores.items():
        rival = scores[RIVAL + TOGETHER if name.endswith(TOGETHER) else RIVAL].cost
        true = f"{s.cost / scores[TRUE].cost:9.2f}" if TRUE in scores else ""
        print(
            f"{name:30}{s.cost:9.2f}{s.missed:9.2%}{s.mean:9.1f}{_hours(s.p50):>9}{_hours(s.p95):>9}"
            f"{s.per_drop:9.1f}{s.cost / rival:9.3f}{true}",
            flush=True,
        )


def _hours(value: float) -> str:
    return "never" if value == float("inf") else f"{value:.1f}"


def judge(tables: dict[tuple[str, float], dict[str, Score]]) -> None:
    """Say which aims are met."""
    print("\naims")
    for aim in AIMS:
        for budget, limit in zip(BUDGETS, aim.limits, strict=False):
            scores = tables.get((aim.world, budget), {})
            if aim.ours in scores:
                ratio = scores[aim.ours].cost / scores[aim.other].cost
                _verdict(f"{aim.world}, {budget:g}: {aim.ours} / {aim.other}", ratio, limit)
    for (world, budget), scores in tables.items():
        for kind in ("", TOGETHER):
            if OURS + kind in scores:
                ours, rival = scores[OURS + kind].missed, scores[RIVAL + kind].missed
                _verdict(f"{world}, {budget:g}: missed{kind}, share of {RIVAL}'s", ours, rival)


def _verdict(what: str, value: float, limit: float) -> None:
    print(f"{what:75}{value:8.4f} of {limit:.4f}  {'met' if value <= limit else 'NOT MET'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="one seed, an eighth of the orders; a minute or two"
    )
    parser.add_argument("--world", choices=("calm", "messy"), help="only this one")
    options = parser.parse_args()
    begun = time.monotonic()
    tables = {}
    for kind, size in ((CalmWorld, 800), (MessyWorld, 400)):
        if options.world not in {None, kind.name}:
            continue
        for budget in BUDGETS:
            seeds = SEEDS[budget][:1] if options.quick else SEEDS[budget]
            per_day = size // 8 if options.quick else size // SMALLER.get(budget, 1)
            scores = tables[kind.name, budget] = measure(kind, budget, seeds, per_day)
            show(kind.name, budget, seeds, scores)
    judge(tables)
    print(f"\n{time.monotonic() - begun:.0f} seconds")


if __name__ == "__main__":
    main()
