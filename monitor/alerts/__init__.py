"""Alerts to the operator: their kinds and texts. How they are delivered belongs elsewhere."""
