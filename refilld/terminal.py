"""Output to a terminal."""

from rich.console import Console


def printable(text: str) -> str:
    """Replace line breaks and control characters, which a terminal would execute, with question marks."""
    return "".join(c if c.isprintable() else "?" for c in text)


def console() -> Console:
    """Standard output for people; 200 columns wide when it is not a terminal, so that little is wrapped."""
    made = Console(highlight=False)
    return made if made.is_terminal else Console(highlight=False, width=200)
