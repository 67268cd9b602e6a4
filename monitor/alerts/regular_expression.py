"""Regular expressions whose matching takes time in proportion to the text, whatever the pattern.

They have what routes and silences need: characters, classes, `.`, groups, `|`, `*`, `+`, `?` and `{m,n}`. A
pattern always has to match the whole text. Lookaround and back-references are refused: nothing matches
them in linear time.
"""

import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from monitor.errors import BadInputError

LONGEST = 500
"""Characters of the longest pattern."""
MOST_STATES = 1000
"""States of the largest automaton; `{m,n}` multiplies them."""
MOST_NESTED = 50
"""Groups within each other."""
_MOST_STEPS = 10_000
"""Transitions that are remembered."""

_CLASS = re.compile(
    r"\[\^?\]?(?:[^\]\\]|\\.)*\]|\\[dDwWsS]|\\[^a-zA-Z0-9]|\\[nt]|\.|[^\\\[\]()|*+?{}^$]", re.DOTALL
)
_SET_SIGN = re.compile(r"(\\.)|([\[&~|]|(?<=[^^]-)-)", re.DOTALL)
"""What `re` may take for an operation on sets some day, and warns of; and escapes, which stay."""
_COUNT = re.compile(r"\{(\d{1,4})(?:(,)(\d{1,4})?)?\}")


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """A state of the automaton: it reads one character, or goes on to others without reading."""

    reads: re.Pattern[str] | None = None
    """The characters that lead to `following`; None if nothing is read."""
    following: list["_State"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the automaton; its end leads nowhere yet."""

    start: _State
    end: _State


@dataclass(frozen=True)
class RegularExpression:
    """A pattern that has to match a whole text."""

    pattern: str

    def __post_init__(self) -> None:
        """Raise BadInputError for a pattern that is not supported."""
        _ = self._automaton

    def matches(self, text: str) -> bool:
        """Whether the whole text matches."""
        states = self._start
        for character in text:
            if not states:
                return False
            states = self._step(states, character)
        return self._automaton.end in states

    @cached_property
    def _automaton(self) -> _Part:
        return _Parser(self.pattern).parse()

    @cached_property
    def _start(self) -> frozenset[_State]:
        return _reachable([self._automaton.start])

    @cached_property
    def _steps(self) -> dict[tuple[frozenset[_State], str], frozenset[_State]]:
        return {}

    def _step(self, states: frozenset[_State], character: str) -> frozenset[_State]:
        known = self._steps.get((states, character))
        if known is None:
            read = [s for s in states if s.reads is not None and s.reads.fullmatch(character)]
            known = _reachable([after for state in read for after in state.following])
            if len(self._steps) >= _MOST_STEPS:
                self._steps.clear()
            self._steps[states, character] = known
        return known


@lru_cache(256)
def regular_expression(pattern: str) -> RegularExpression:
    """The pattern, parsed once; raises BadInputError if it is not supported."""
    return RegularExpression(pattern)


def _reachable(states: list[_State]) -> frozenset[_State]:
    """These states, and those that follow without reading."""
    found, waiting = set(states), list(states)
    while waiting:
        state = waiting.pop()
        if state.reads is None:
            new = [after for after in state.following if after not in found]
            found.update(new)
            waiting += new
    return frozenset(found)


class _Parser:
    """Parses a pattern by recursive descent."""

    def __init__(self, pattern: str) -> None:
        if len(pattern) > LONGEST:
            raise _bad(pattern[:20] + "…", f"is longer than {LONGEST} characters")
        self._pattern = pattern
        self._at = 0
        self._states = 0
        self._nested = 0

    def parse(self) -> _Part:
        part = self._alternatives()
        if self._at < len(self._pattern):
            raise self._unexpected()
        return part

    def _alternatives(self) -> _Part:
        parts = [self._sequence()]
        while self._take("|"):
            parts.append(self._sequence())
        return parts[0] if len(parts) == 1 else self._either(parts)

    def _sequence(self) -> _Part:
        part = self._nothing()
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            part = _joined(part, self._repeated())
        return part

    def _repeated(self) -> _Part:
        begin = self._at
        part = self._atom()
        end = self._at
        least, most = self._quantifier()
        if self._at > end and self._pattern[self._at : self._at + 1] in {"*", "+", "?", "{"}:
            raise self._unexpected()
        if (least, most) == (1, 1):
            return part
        after = self._at
        copies = [self._again(begin) for _ in range(max(least, 1) if most is None else most)]
        self._at = after
        return self._counted(copies, least, most)

    def _again(self, begin: int) -> _Part:
        """A copy of the atom that begins there."""
        self._at = begin
        return self._atom()

    def _counted(self, copies: list[_Part], least: int, most: int | None) -> _Part:
        """`least` to `most` of these copies; without `most`, the last one is repeated."""
        whole = self._nothing()
        end = self._state()
        for number, part in enumerate(copies):
            if number >= least:
                whole.end.following.append(end)
            whole = _joined(whole, part)
        if most is None:
            last = copies[-1]
            last.end.following.append(last.start)
        whole.end.following.append(end)
        return _Part(whole.start, end)

    def _quantifier(self) -> tuple[int, int | None]:
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._take(sign):
                return bounds
        count = _COUNT.match(self._pattern, self._at)
        if count is None:
            return 1, 1
        self._at = count.end()
        least = int(count[1])
        most = None if count[2] and not count[3] else int(count[3] or count[1])
        if most is not None and most < least:
            raise _bad(self._pattern, f"{count[0]} has its numbers in the wrong order")
        return least, most

    def _atom(self) -> _Part:
        if self._take("("):
            return self._group()
        found = _CLASS.match(self._pattern, self._at)
        if found is None:
            raise self._unexpected()
        self._at = found.end()
        try:
            reads = re.compile(_without_sets(found[0]), re.DOTALL)
        except re.error:
            raise _bad(self._pattern, f"{found[0]} is not a class of characters") from None
        start, end = self._state(reads), self._state()
        start.following.append(end)
        return _Part(start, end)

    def _group(self) -> _Part:
        if self._pattern.startswith("?", self._at) and not self._pattern.startswith("?:", self._at):
            raise _bad(self._pattern, "groups that begin with (? are not supported, except (?:")
        self._at += 2 * self._pattern.startswith("?:", self._at)
        self._nested += 1
        if self._nested > MOST_NESTED:
            raise _bad(self._pattern[:20] + "…", f"has more than {MOST_NESTED} groups within each other")
        part = self._alternatives()
        self._nested -= 1
        if not self._take(")"):
            raise _bad(self._pattern, "a ) is missing")
        return part

    def _either(self, parts: list[_Part]) -> _Part:
        start, end = self._state(), self._state()
        for part in parts:
            start.following.append(part.start)
            part.end.following.append(end)
        return _Part(start, end)

    def _nothing(self) -> _Part:
        state = self._state()
        return _Part(state, state)

    def _state(self, reads: re.Pattern[str] | None = None) -> _State:
        self._states += 1
        if self._states > MOST_STATES:
            raise _bad(self._pattern, "is too large; use smaller numbers in { }")
        return _State(reads)

    def _take(self, sign: str) -> bool:
        found = self._pattern.startswith(sign, self._at)
        self._at += found
        return found

    def _unexpected(self) -> BadInputError:
        sign = self._pattern[self._at]
        return _bad(
            self._pattern, f"{sign} at position {self._at + 1} has no meaning here; \\{sign} is the character"
        )


def _without_sets(characters: str) -> str:
    """A class with escapes where `re` would warn; anything else as it is."""
    if not characters.startswith("["):
        return characters
    return "[" + _SET_SIGN.sub(lambda sign: sign[1] or f"\\{sign[2]}", characters[1:-1]) + "]"


def _joined(first: _Part, second: _Part) -> _Part:
    first.end.following.append(second.start)
    return _Part(first.start, second.end)


def _bad(pattern: str, problem: str) -> BadInputError:
    return BadInputError("regular expression", f"{pattern!r}: {problem}")
