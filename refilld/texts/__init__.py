"""Texts of events: templates, one for each kind, and how they are rendered."""
