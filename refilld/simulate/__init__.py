"""`refilld simulate`: the daemon's own jobs and storage on a virtual clock, with a simulated source.

`run` drives one simulation, `world`, `sales` and `consumer` are its surroundings, `figures` measures the
result against the exact counts, `report` formats it. No rule of the guarantee is repeated here.
"""
