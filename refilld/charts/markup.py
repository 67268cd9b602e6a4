"""Writing SVG: elements and attributes, with every value escaped."""

import re
import unicodedata
from collections.abc import Iterable

from markupsafe import Markup, escape

LONGEST = 160
"""Characters of one text, at most."""
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def shortened(text: str, longest: int = LONGEST) -> str:
    """A text of at most so many characters, without control characters and marks of direction."""
    cut = text if len(text) <= longest else f"{text[: longest - 1]}…"
    if cut.isprintable():
        return cut
    return "".join("\ufffd" if unicodedata.category(c) in _UNSEEN else c for c in cut)


def element(name: str, content: Iterable[Markup] | str = (), /, **attributes: str | int | None) -> Markup:
    """An element; `class_` is written as `class`, underscores as hyphens, and None is left out."""
    pairs = "".join(
        f' {_ATTRIBUTES.get(key) or key.replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    # only `content` that is Markup already goes in as it is
    inner = escape(shortened(content)) if isinstance(content, str) else "".join(content)
    return Markup(f"<{name}{pairs}>{inner}</{name}>" if inner else f"<{name}{pairs}/>")  # noqa: S704 - escaped


_ATTRIBUTES = {"class_": "class", "view_box": "viewBox", "aspect": "preserveAspectRatio"}


def _value(value: str | int) -> str:
    return str(value) if isinstance(value, int) else escape(_NOT_XML.sub("\ufffd", value))
