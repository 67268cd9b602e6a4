"""Simulation: the real jobs and storage on a virtual clock, in a world that a source makes up."""
