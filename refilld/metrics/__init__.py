"""Metrics for Prometheus: what this process has counted, and gauges that are read from the database.

Here belong the metrics, who may read them, and their endpoint; not a rule, nor a query. Counters and
histograms are of one process: each `ProcessMetrics` has a registry of its own.
"""
