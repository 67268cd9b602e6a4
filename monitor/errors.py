"""The error tree of refilld; every error that a caller may want to tell apart is one of these.

RefilldError
├── BadInputError          something from outside does not parse; names the field, the fault and the remedy
└── storage.errors.*       what the database refuses (constraints mapped by their names)
"""


class RefilldError(Exception):
    """Something refilld itself refuses or cannot do; the message is one line for the operator."""


class BadInputError(RefilldError):
    """A value from outside does not parse: `field` is its name, the message says what would be right."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem
