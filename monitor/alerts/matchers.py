"""Matchers: conditions on the labels of an alert, in the syntax of Alertmanager.

`kind="drop.held"`, `severity=~"warning|critical"`, `service!="12"`, `provider!~"acme.*"`. Regular expressions
match the whole value. A label that an alert does not have is the empty text. Several matchers in one text
are separated by commas, and may be in braces; all of them have to match.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from monitor.alerts.regular_expression import regular_expression
from monitor.errors import BadInputError

LABELS = (
    "kind", "severity", "metric", "service", "provider", "source", "link", "order_id", "refill_id",
)  # fmt: skip
"""The labels of an alert."""
_MATCHER = re.compile(
    r"""\s*(?P<label>[a-zA-Z_]\w*)\s*(?P<operation>=~|!~|!=|=)\s*
    (?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s,{}"'`=~!\\]+))\s*(?:,|$)""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_ESCAPES = {'\\"': '"', "\\\\": "\\", "\\n": "\n"}
_EXAMPLE = 'write it like kind="drop.held" or severity=~"warning|critical"'


class Operation(StrEnum):
    """How a matcher compares the value of its label."""

    EQUAL = "="
    NOT_EQUAL = "!="
    MATCHES = "=~"
    MATCHES_NOT = "!~"


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label."""

    label: str
    operation: Operation
    value: str

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels fulfil the condition."""
        found = labels.get(self.label, "")
        if self.operation in {Operation.EQUAL, Operation.NOT_EQUAL}:
            fits = found == self.value
        else:
            fits = regular_expression(self.value).matches(found)
        return fits is (self.operation in {Operation.EQUAL, Operation.MATCHES})

    def __str__(self) -> str:
        """The matcher as it is written."""
        value = self.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'{self.label}{self.operation}"{value}"'


def all_match(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether the labels fulfil every condition."""
    return all(matcher.matches(labels) for matcher in matchers)


def parse_matchers(text: str, field: str = "matchers") -> tuple[Matcher, ...]:
    """Parse one matcher or several; raises BadInputError, which says what is wrong."""
    inner = text.strip()
    if inner.startswith("{") and inner.endswith("}"):
        inner = inner[1:-1].strip()
    if not inner:
        raise BadInputError(field, f"there is no matcher; {_EXAMPLE}")
    matchers, at = [], 0
    while at < len(inner):
        match = _MATCHER.match(inner, at)
        if match is None:
            raise BadInputError(field, f"{inner[at:]!r} is not a matcher; {_EXAMPLE}")
        matchers.append(_matcher(match, field))
        at = match.end()
    return tuple(matchers)


def _matcher(match: re.Match[str], field: str) -> Matcher:
    if match["label"] not in LABELS:
        raise BadInputError(field, f"there is no label {match['label']!r}; there are: {', '.join(LABELS)}")
    operation = Operation(match["operation"])
    value = match["bare"] or re.sub(r'\\["\\n]', lambda escape: _ESCAPES[escape[0]], match["quoted"] or "")
    if operation in {Operation.MATCHES, Operation.MATCHES_NOT}:
        try:
            regular_expression(value)
        except BadInputError as error:
            raise BadInputError(field, error.problem) from None
    return Matcher(match["label"], operation, value)


def text_of(matchers: Iterable[Matcher]) -> str:
    """The matchers as one text, which `parse_matchers` reads."""
    return ", ".join(map(str, matchers))
