"""`python -m refilld` is `refilld`."""

from refilld.cli import main

main()
