"""What may be shown on a terminal."""


def printable(text: str) -> str:
    """Text from outside, on one line, without the control characters that a terminal would obey."""
    return "".join(c if c.isprintable() else "?" for c in text)
