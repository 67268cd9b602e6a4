"""When to look at a target next: the fixed and the adaptive cadence (docs/cadence.md).

A cadence uses the values of `monitor.model`, but no rule of the guarantee and no source.
"""
