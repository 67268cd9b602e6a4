"""Imported by the fork server: what each of its processes would otherwise import or make anew."""

import gc
from importlib import import_module

import pytest
import sqlalchemy.dialects.postgresql.psycopg

import monitor.sources.graph.source
import monitor.sources.instaloader.source
import refilld.daemon.daemon
import storage.migrate
import storage.postgresql_connection
import tests.faults.crew
import tests.forked_program
from refilld.api.answers import page_of
from refilld.api.lists import LISTS
from refilld.cli.root import MODULES

__all__ = ["monitor", "pytest", "refilld", "sqlalchemy", "storage", "tests"]
for module in sorted(set(MODULES.values())):
    import_module(f"refilld.cli.{module}")
for listing in LISTS:
    page_of(listing.noun, listing.row)
gc.freeze()  # else each process looks through all that is imported, and copies its pages
