"""The base errors of refilld; every error that a caller can handle is derived from one of them.

RefilldError
├── BadInputError          an invalid value from outside; names the field, the problem and the remedy
└── storage.errors.*       violated constraints of the database, mapped by their names
"""


class RefilldError(Exception):
    """An error that refilld reports itself; the message is one line for the operator."""


class BadInputError(RefilldError):
    """An invalid value from outside: `field` is its name, `problem` says what is wrong and what is valid."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class ClockError(RefilldError):
    """The clock is certainly wrong, so that nothing may be decided by it."""
