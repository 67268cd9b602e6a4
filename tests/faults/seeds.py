"""The seed of a run, and how many kills it makes: the environment variables SEED and KILLS."""

import os
import sys
from random import Random
from secrets import randbelow

SEED = int(os.environ.get("SEED") or randbelow(10**6))
KILLS = int(os.environ.get("KILLS") or 200)
"""Kills of processes, one half on each engine."""


def seeded(what: str) -> Random:
    """A source of random numbers for one test; pytest shows the line when the test fails."""
    sys.stdout.write(f"seed {SEED}: SEED={SEED} python -m pytest tests/faults makes the same choices again\n")
    return Random(f"{SEED}/{what}")
