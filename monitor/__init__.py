"""The domain: the guarantee and all that can be computed without a database, a clock or a network."""
