"""The backtest: recorded events through the real rules, on the clock that the events carry.

Nothing here decides anything. The events are read, the state of each order is kept in memory, and what
follows from a count is asked of the floor below, as the daemon asks it.
"""
