"""The values of the domain: orders, targets, links, terms, snapshots, drops, decisions and refills.

Every value is frozen and checks its own invariants; parsers of external input are here, too. Rules of the
guarantee belong in `monitor.guarantee`.
"""
