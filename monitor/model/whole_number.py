"""Whole numbers that somebody has typed."""


def whole_number(text: str, most: int) -> int | None:
    """The number that ASCII digits alone write; None if it is greater than `most`, or the text is another."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most))):
        return None
    number = int(text)
    return number if number <= most else None
