"""Persistence: tables, constraints, migrations and queries, one module per noun.

SQLAlchemy is used here only. Queries return typed values, never database rows.
"""
