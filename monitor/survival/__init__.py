"""Survival of delivered units: the share of them that is still there by age ("retention" on pages).

Estimated by Turnbull's method for interval-censored data (docs/retention.md). Nothing here is a rule of the
guarantee, and no decision depends on it. The deletion of old rows is in `monitor.retention`.
"""
