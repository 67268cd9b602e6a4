"""Errors of PostgreSQL, by SQLSTATE: what the program did not cause, and what a connection cannot survive."""

_UNAVAILABLE = (
    "08",  # the connection failed
    "25006",  # the session is read-only
    "25P03",  # the server ended a transaction that was idle for too long
    "25P04",  # the server ended a transaction that took too long
    "28",  # the login was refused
    "3D",  # there is no such database
    "40",  # conflict with another transaction: a deadlock, a serialization failure
    "42501",  # the account lacks a permission
    "53",  # no disk space, memory or connection left
    "55P03",  # a lock did not come free in time
    "57",  # cancelled, shutting down, starting up
    "58",  # an error of the server's system
    "XX",  # an internal error of the server, damaged data
)
_DISCARDED = ("08", "25006", "25P03", "25P04", "57P", "58", "XX")
"""Another connection, perhaps to another server, does not have this error."""
_HINTS = {
    "25006": "is this server a standby? refilld connects anew; a URL with several hosts needs"
    " target_session_attrs=read-write",
    "40001": "it conflicted with another transaction and changed nothing; repeat it",
    "40P01": "it conflicted with another transaction and changed nothing; repeat it",
    "42501": "grant the account of the database URL all rights on the tables",
    "53100": "make room on the disk of the database server",
    "53300": "raise max_connections of the server, or use PgBouncer (docs/operations.md)",
    "55P03": "another transaction holds the rows; end it, or repeat this later",
}
_SEVERAL_HOSTS = "Multiple connection attempts failed"


def unavailable(error: BaseException | None) -> bool:
    """Whether the error says that the database cannot serve now, and not that a statement is wrong."""
    return _state(error).startswith(_UNAVAILABLE)


def discards(error: BaseException | None) -> bool:
    """Whether the connection must not be used again."""
    return _state(error).startswith(_DISCARDED)


def one_line(error: BaseException | None) -> str:
    """The message in one line, with a remedy if there is one."""
    lines = [line.strip() for line in str(error).strip().splitlines()]
    several = any(line.startswith(_SEVERAL_HOSTS) for line in lines)
    text = "; ".join(line for line in lines[1:] if line.startswith("- ")) if several else "".join(lines[:1])
    hint = _HINTS.get(_state(error))
    return f"{text}; {hint}" if hint else text


def _state(error: BaseException | None) -> str:
    return getattr(error, "sqlstate", None) or ""
