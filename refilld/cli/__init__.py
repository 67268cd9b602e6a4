"""The command line: `refilld`."""

from refilld.cli.root import main

__all__ = ["main"]
