"""The timeline of an order: everything that happened to it, in order of time."""
