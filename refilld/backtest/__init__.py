"""The backtest: a replay of recorded events through the real rules, at the times of the events.

This package contains no rules. It reads events, keeps the state of each order in memory, and evaluates counts
with the same function as the daemon.
"""
