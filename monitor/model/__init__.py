"""The values of the domain: orders, targets, links, terms, snapshots, drops, decisions and refills.

Every value is frozen, parses what comes from outside, and keeps its invariants. A rule that compares several
of them belongs into `monitor.guarantee`.
"""
