"""Use cases that interfaces share: import, customer requests, manual checks, probes, operator actions.

A service is called by `refilld.cli`, `refilld.api` or a tool, and imports none of them: it neither parses
arguments nor formats output. What runs on a schedule belongs into `jobs`.
"""
