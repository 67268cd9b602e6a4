"""Writes the catalogue of events: `python -m tests.events_page > docs/events.md`."""

import ast
import inspect
import sys
import textwrap
import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from monitor.events.catalogue import CATALOGUE, ENDED_BY, VERSION, status_of
from monitor.events.event import Payload, Subject
from monitor.events.kind import EventKind

INTRODUCTION = f"""\
# Events

What happens, and somebody may want to know, is a row of the table `events`, stored in the transaction of its
cause. Some kinds are [alerts](alerts.md), of which the operator is told; `refilld audit` shows all, and
[webhooks](webhooks.md) may send them. This page is generated from the code, by
`python -m tests.events_page > docs/events.md`.

An event has a kind, a severity, a status, a subject and a payload.

* **Severity**: `info`: nothing to do. `warning`: somebody must act or decide. `critical`: the guarantee is
  not kept until somebody acts.
* **Status**: `firing` for the beginning of a problem, `resolved` for its end, `occurred` for what has no
  end. The beginning and the end of one problem have the same `dedup_key`.
* **Payload**: a JSON object with the fields of its kind. Its `version` is {VERSION}, and grows when a field
  changes its meaning or is removed. An event of release 0.1.0, and one whose customer was forgotten, has
  version 0 and the one field `text`.
"""
WORDS = {
    bool: "true or false",
    int: "whole number",
    str: "text",
    datetime: "time, RFC 3339",
    timedelta: "seconds",
    Decimal: "amount, as text",
    types.NoneType: "null",
    tuple[str, ...]: "list of texts",
    Mapping[str, Decimal]: "amounts by currency",
}


def page() -> str:
    """The page in Markdown."""
    parts = [
        INTRODUCTION,
        "## Kinds\n",
        _kinds(),
        "\n## Subject\n",
        "Each field is null if it does not apply.\n",
    ]
    parts += [_fields(Subject), "\n## Payloads\n"]
    payloads = dict.fromkeys(entry.payload for entry in CATALOGUE.values())
    return "\n".join(parts) + "\n" + "\n\n".join(map(_payload, payloads)) + "\n"


def _kinds() -> str:
    rows = ["| kind | alert | severity | status | its end | when |", "|---|---|---|---|---|---|"]
    for kind in EventKind:
        entry, end = CATALOGUE[kind], ENDED_BY.get(kind)
        ended = f"`{end}`" if end else ""
        alert = "yes" if entry.alert else "no"
        cells = f"`{kind}`", alert, entry.severity, status_of(kind), ended, entry.meaning
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _payload(payload: type[Payload]) -> str:
    kinds = ", ".join(f"`{kind}`" for kind in EventKind if CATALOGUE[kind].payload is payload)
    return f"### {payload.__name__}\n\n{kinds}: {payload.__doc__}\n\n{_fields(payload)}"


def _fields(owner: type[Any]) -> str:
    rows, types_, meanings = (
        ["| field | value | meaning |", "|---|---|---|"],
        typing.get_type_hints(owner),
        _meanings(owner),
    )
    rows += [
        f"| `{field.name}` | {_words(types_[field.name])} | {meanings.get(field.name, '')} |"
        for field in fields(owner)
    ]
    return "\n".join(rows)


def _words(kind: Any) -> str:
    if isinstance(kind, types.UnionType):
        return " or ".join(map(_words, typing.get_args(kind)))
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return ", ".join(f"`{value}`" for value in kind)
    return WORDS[kind]


def _meanings(owner: type[Any]) -> dict[str, str]:
    """The text after each field, inherited ones too."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, str] = {}
    for base in filter(is_dataclass, owner.__bases__):
        found |= _meanings(base)
    for field, text in zip(tree.body, tree.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
        ):
            assert isinstance(field.target, ast.Name)
            meaning = " ".join(str(text.value.value).split())
            found[field.target.id] = meaning.replace("None", "null")
    return found


if __name__ == "__main__":
    sys.stdout.write(page())
