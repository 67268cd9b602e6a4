"""What follows from a look: the rules of the guarantee, the cadence and the choice of source, put together.

It only computes: `jobs` loads the state of a target, calls this package, and saves the result.
"""
