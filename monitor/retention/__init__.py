"""Retention of data: how long rows are kept, and which looks a thinned past keeps.

Nothing here is a rule of the guarantee: no decision depends on a row that may be deleted.
"""
