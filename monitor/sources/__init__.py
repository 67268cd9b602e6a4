"""Sources of counts: contract, registry, request budgets, circuit breaker; one package per source.

A source knows no other source, and nothing outside this package knows a single source.
"""
