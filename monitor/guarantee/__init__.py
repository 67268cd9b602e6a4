"""The rules of the guarantee: what a count means for each order on a target (docs/rules.md).

Start counts, lines and claims, drops, decisions, mass drops, held refills, refund reviews, gone targets,
series of counts and the answers to customers. When a target is looked at, and through which source, belongs
to other packages.
"""
