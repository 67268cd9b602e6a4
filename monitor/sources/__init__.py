"""Sources of counts: contract, registry, request budgets, circuit breaker; one package per source.

A source does not import another source, and no package outside this one depends on a particular source.
"""
