"""Evaluation of looks: applies the guarantee, the cadence and the choice of source to one request's looks.

Pure: `jobs` loads the state of a target, calls `evaluate`, and saves the result.
"""
