"""`refilld db copy` and `refilld db reopen`."""

COMMANDS = ()
