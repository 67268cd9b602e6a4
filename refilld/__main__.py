"""Run the command line: `python -m refilld` is the same as `refilld`."""

from refilld.cli.root import main

main()
