"""The command line: `refilld`; `root` has the command itself, each other module a group of commands."""
