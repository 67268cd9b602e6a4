"""The rules of the guarantee: what a count means for each order on a target (docs/rules.md).

Start counts, lines and claims, drops, decisions, mass drops, held refills, refund reviews, gone targets,
series of counts and the answers to customers. Nothing here knows when a
target is looked at, or through which source.
"""
