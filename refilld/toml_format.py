"""Writes TOML that can be pasted into a configuration."""

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
_LONGEST_SHORT = 0xFFFF


def toml_string(text: str) -> str:
    """A basic string: the characters themselves, and escapes for what TOML or a terminal cannot take."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    number = ord(character)
    return f"\\u{number:04X}" if number <= _LONGEST_SHORT else f"\\U{number:08X}"
