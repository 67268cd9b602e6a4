"""Use cases that several interfaces share: import, customer requests, manual checks.

A service is called by `refilld.cli` and `refilld.api`; it knows neither of them.
"""
