"""`python -m refilld` is `refilld`."""

from refilld.cli.root import main

main()
