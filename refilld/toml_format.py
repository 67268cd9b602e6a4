"""Writes TOML that can be pasted into a configuration."""

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
_DELETE = "\x7f"


def toml_string(text: str) -> str:
    """A basic string: the characters themselves, and escapes only for what TOML does not allow in one."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character < " " or character == _DELETE:
        return f"\\u{ord(character):04X}"
    return character
