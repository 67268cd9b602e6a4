"""How many examples the property tests draw: the environment variable EFFORT multiplies them."""

import os

from hypothesis import settings

EFFORT = int(os.environ.get("EFFORT", "1"))
"""1 is the default; higher values test more."""


def examples(number: int, *, steps: int = 50) -> settings:
    """Give the settings of a property: its examples at EFFORT 1, and the steps of a state machine."""
    return settings(max_examples=number * EFFORT, stateful_step_count=steps, deadline=None)
