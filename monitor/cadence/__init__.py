"""When to look at a target next: the fixed and the adaptive cadence (docs/cadence.md).

A cadence may use the values of `monitor.model`, but knows no rule of the guarantee and no source.
"""
