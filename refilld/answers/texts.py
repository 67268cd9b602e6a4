"""The texts of an installation: the shipped languages, with the operator's own texts over them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from refilld.answers.sentences import PLACEHOLDERS
from refilld.answers.texts_file import Languages, TextsFile, read_texts

DEFAULT = "en"
"""The language whose texts stand in for those that another language lacks."""
_SHIPPED = Path(__file__).parent / "languages"


@dataclass(frozen=True, slots=True)
class Texts:
    """Complete texts of every language."""

    languages: Languages
    language: str = DEFAULT
    """The configured language."""
    faults: tuple[str, ...] = ()
    """One line for each text that is not used, and for each language that is not complete."""

    def of(self, language: str | None = None) -> Mapping[str, str]:
        """The texts of a language; of the configured one if it is unknown."""
        return self.languages.get(language or self.language, self.languages[self.language])


def shipped_texts() -> Texts:
    """The shipped languages."""
    languages: dict[str, Mapping[str, str]] = {}
    for path in sorted(_SHIPPED.glob("*.toml")):
        languages |= read_texts(path).languages
    return Texts(languages)


def load_texts(language: str = DEFAULT, path: Path | None = None) -> Texts:
    """The shipped texts with those of a file over them; what is wrong is left out and named in `faults`."""
    shipped = shipped_texts().languages
    own = TextsFile({}) if path is None else read_texts(path)
    names = [*shipped, *(name for name in own.languages if name not in shipped)]
    languages = {
        name: {**shipped[DEFAULT], **shipped.get(name, {}), **own.languages.get(name, {})} for name in names
    }
    lacking = (_lacking(path, name, texts) for name, texts in own.languages.items() if name not in shipped)
    texts = Texts(languages, language, (*own.faults, *(fault for fault in lacking if fault)))
    if language in languages:
        return texts
    fault = f"answers.language: there is no language {language!r}; there are: {', '.join(names)}"
    return replace(texts, language=DEFAULT, faults=(*texts.faults, f"{fault}; {DEFAULT} is used"))


def _lacking(path: Path | None, language: str, texts: Mapping[str, str]) -> str:
    """The fault of an added language that is not complete; empty for a complete one."""
    lacking = [key for key in PLACEHOLDERS if key not in texts]
    if not lacking:
        return ""
    return f"{path}: {language}: lacks {', '.join(lacking)}; the texts of {DEFAULT} stand in"
