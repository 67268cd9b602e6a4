"""The `simulated` source: a synthetic shop and synthetic counts, for `refilld simulate`."""
