"""Imported by the fork server: what each of its processes would otherwise import or make anew."""

import pytest
import sqlalchemy.dialects.postgresql.psycopg

import storage.postgresql_connection
import tests.faults.crew
from refilld.api.answers import page_of
from refilld.api.lists import LISTS

__all__ = ["pytest", "sqlalchemy", "storage", "tests"]
for listing in LISTS:
    page_of(listing.noun, listing.row)
