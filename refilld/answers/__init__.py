"""The sentences that answer customers: shipped languages, the operator's own texts, and their rendering.

The word and the numbers of an answer come from `monitor.guarantee.customer_answers`; there is no rule here.
"""
