"""The `simulated` source: a made-up shop on a made-up Instagram, for `refilld simulate`."""
