"""What may be shown on a terminal."""

from rich.console import Console


def printable(text: str) -> str:
    """Text from outside, on one line, without the control characters that a terminal would obey."""
    return "".join(c if c.isprintable() else "?" for c in text)


def console() -> Console:
    """Standard output for people; wide where it is not a terminal, so that nothing is cut."""
    made = Console(highlight=False)
    return made if made.is_terminal else Console(highlight=False, width=200)
