"""Simulation: the real jobs and the real storage on a virtual clock, against a world that a source makes up."""
