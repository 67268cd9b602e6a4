"""One template of the shop: read with its limits, and rendered to one line."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import DictLoader, Template, TemplateError, TemplateSyntaxError

from monitor.alerts.messages import one_line
from refilld.texts.allowed import refusals
from refilld.texts.environment import environment

MOST_BYTES = 16_384
"""Largest file of a template."""
MOST_CHARACTERS = 4_000
"""Longest text that a template makes."""


_NAME = "template"
"""The only template of its environment."""


class TemplateFaultError(ValueError):
    """A template cannot be used; the text names the file, the line and what is wrong."""


@dataclass(frozen=True, slots=True)
class ShopTemplate:
    """A template of the shop, which can only show fields."""

    path: Path
    template: Template

    def render(self, values: Mapping[str, Any]) -> str:
        """The text in one line; raises TemplateFaultError."""
        try:
            text = self._limited(values)
        except Exception as error:  # noqa: BLE001  # a filter raises whatever a wrong value makes it raise
            raise TemplateFaultError(f"{self.path}:{_line(error)}: {one_line(str(error))[:200]}") from None
        if len(text) > MOST_CHARACTERS:
            raise TemplateFaultError(f"{self.path}: it makes more than {MOST_CHARACTERS:,} characters")
        if not one_line(text):
            raise TemplateFaultError(f"{self.path}: it makes an empty text")
        return one_line(text)

    def _limited(self, values: Mapping[str, Any]) -> str:
        """The text, or the first part of one that is too long."""
        text = ""
        for part in self.template.generate(values):
            text += part
            if len(text) > MOST_CHARACTERS:
                break
        return text


def read_template(path: Path, language: str) -> ShopTemplate:
    """Read a template in a language; raises TemplateFaultError."""
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
        source = raw.decode("utf-8-sig")
    except OSError as error:
        raise TemplateFaultError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise TemplateFaultError(f"{path}: it is not UTF-8 text") from None
    if len(raw) > MOST_BYTES:
        raise TemplateFaultError(f"{path}: it is larger than {MOST_BYTES:,} bytes")
    return ShopTemplate(path, _parsed(path, source, language))


def _parsed(path: Path, source: str, language: str) -> Template:
    try:
        return _allowed(path, source, language)
    except TemplateFaultError:
        raise
    except TemplateSyntaxError as error:
        raise TemplateFaultError(f"{path}:{error.lineno}: {error.message}") from None
    except (TemplateError, ValueError, RecursionError, MemoryError, SyntaxError) as error:
        raise TemplateFaultError(f"{path}: it cannot be parsed ({type(error).__name__})") from None


def _allowed(path: Path, source: str, language: str) -> Template:
    sandbox = environment(DictLoader({_NAME: source}), language)
    sandbox.globals.clear()
    for line, problem in refusals(sandbox.parse(source)):
        raise TemplateFaultError(f"{path}:{line}: {problem}")
    return sandbox.get_template(_NAME)


def _line(error: Exception) -> int:
    """The line of the template at which it failed; Jinja puts it into the traceback."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in {_NAME, "<template>"}:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
