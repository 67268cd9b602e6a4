"""Reading a file of texts: one table per language; texts that are wrong are left out and named."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from string import Formatter
from typing import TypeAlias

from refilld.answers.sentences import SENTENCES
from refilld.terminal import printable

LONGEST_TEXT = 1000
Languages: TypeAlias = Mapping[str, Mapping[str, str]]
"""The texts by language and sentence."""


@dataclass(frozen=True, slots=True)
class TextsFile:
    """What could be read of a file, and one line for each fault."""

    languages: Languages
    faults: tuple[str, ...] = ()


def read_texts(path: Path) -> TextsFile:
    """Read a file; one that cannot be read has no languages and one fault."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        return TextsFile({}, (f"{path}: cannot be read: {error.strerror}",))
    except (ValueError, RecursionError) as error:  # also of the encoding
        return TextsFile({}, (f"{path}: {printable(str(error))}",))
    faults: list[str] = []
    languages = {}
    for name, table in raw.items():
        if isinstance(table, dict):
            languages[name] = _valid(path, name, table, faults)
        else:
            faults.append(f"{path}: {printable(name)}: must stand in the table of a language, such as [en]")
    return TextsFile(languages, tuple(faults))


def _valid(path: Path, language: str, table: dict[str, object], faults: list[str]) -> dict[str, str]:
    """The valid texts of one language; the faults of the others are added to `faults`."""
    valid = {}
    for key, text in table.items():
        found = list(faults_of(key, text))
        faults += (f"{path}: {printable(f'{language}.{key}: {fault}')}" for fault in found)
        if not found:
            valid[key] = str(text)
    return valid


def faults_of(key: str, text: object) -> Iterator[str]:
    """What is wrong with a text."""
    if key not in SENTENCES:
        close = get_close_matches(key, SENTENCES, n=1)
        yield f"unknown word{f'; did you mean {close[0]}?' if close else ''}"
    elif not isinstance(text, str) or not text.strip() or len(text) > LONGEST_TEXT or not text.isprintable():
        yield f"must be a text of one line and 1 to {LONGEST_TEXT} characters"
    else:
        yield from _placeholder_faults(text, SENTENCES[key].placeholders)


def _placeholder_faults(text: str, known: frozenset[str]) -> Iterator[str]:
    try:
        fields = [(name, spec, conversion) for _, name, spec, conversion in Formatter().parse(text)]
    except ValueError as error:
        yield f"{error}; a brace that is no placeholder is written twice, as {{{{ or }}}}"
        return
    for name, spec, conversion in fields:
        if name is None:
            continue
        if name not in known:
            listed = ", ".join(f"{{{one}}}" for one in sorted(known)) or "none"
            yield f"unknown placeholder {{{name}}}; known here: {listed}"
        elif spec or conversion:
            yield f"the placeholder {{{name}}} must stand alone, without a format"
