"""The texts of an installation: the shipped languages, with the operator's own texts over them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from refilld.answers.language_texts import LanguageTexts
from refilld.answers.sentences import SENTENCES
from refilld.answers.texts_file import TextsFile, read_texts
from refilld.translations.catalogue import LANGUAGES, SOURCE, translation_of

DEFAULT = SOURCE
"""The language whose texts stand in for those that another language lacks."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Complete texts of every language."""

    languages: Mapping[str, LanguageTexts]
    language: str = DEFAULT
    """The configured language."""
    faults: tuple[str, ...] = ()
    """One line for each text that is not used, and for each language that is not complete."""

    def known(self, language: str | None) -> str:
        """The language, or the one that it is a variety of; the configured one if neither is known."""
        names = (language, language.partition("-")[0]) if language else ()
        return next((name for name in names if name in self.languages), self.language)

    def of(self, language: str | None = None) -> LanguageTexts:
        """The texts of a language; of the configured one if it is unknown."""
        return self.languages[self.known(language)]


def shipped_texts() -> Texts:
    """The shipped languages."""
    return Texts({name: LanguageTexts(translation_of(name)) for name in LANGUAGES})


def load_texts(language: str = DEFAULT, path: Path | None = None) -> Texts:
    """The shipped texts with those of a file over them; what is wrong is left out and named in `faults`."""
    own = TextsFile({}) if path is None else read_texts(path)
    names = [*LANGUAGES, *(name for name in own.languages if name not in LANGUAGES)]
    languages = {name: _language_texts(name, own) for name in names}
    lacking = (_lacking(path, name, texts) for name, texts in own.languages.items() if name not in LANGUAGES)
    texts = Texts(languages, language, (*own.faults, *(fault for fault in lacking if fault)))
    if language in languages:
        return texts
    fault = f"answers.language: there is no language {language!r}; there are: {', '.join(names)}"
    return replace(texts, language=DEFAULT, faults=(*texts.faults, f"{fault}; {DEFAULT} is used"))


def _language_texts(name: str, own: TextsFile) -> LanguageTexts:
    """The operator's texts of a language; those of English stand in for a language that is not shipped."""
    stand_in = {} if name in LANGUAGES else own.languages.get(DEFAULT, {})
    return LanguageTexts(translation_of(name), {**stand_in, **own.languages.get(name, {})})


def _lacking(path: Path | None, language: str, texts: Mapping[str, str]) -> str:
    """The fault of an added language that is not complete; empty for a complete one."""
    lacking = [key for key in SENTENCES if key not in texts]
    if not lacking:
        return ""
    return f"{path}: {language}: lacks {', '.join(lacking)}; the texts of {DEFAULT} stand in"
