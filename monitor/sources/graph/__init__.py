"""The `graph` source: reads counts through Meta's official interface (Business Discovery)."""
