"""The catalogue of each language, and which languages there are."""

import re
from collections.abc import Mapping
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from types import MappingProxyType

SOURCE = "en"
"""The language of the sentences in the code and the templates."""
LANGUAGES: Mapping[str, str] = MappingProxyType(
    {
        SOURCE: "English",
        "de": "Deutsch",
        "es": "Español",
        "pt": "Português",
        "ru": "Русский",
        "tr": "Türkçe",
    }
)
"""The shipped languages by code, each by its own name."""
_LOCALE = files("refilld.translations") / "locale"


def shipped(language: str) -> str | None:
    """The shipped language that this is, or is a variety of; None without one."""
    code = re.split("[-_]", language)[0].lower()
    return code if code in LANGUAGES else None


@cache
def translation_of(language: str) -> NullTranslations:
    """The translations into a language; for one that is not shipped none, which is English."""
    code = shipped(language)
    if code is None or code == SOURCE:
        return NullTranslations()
    with (_LOCALE / code / "LC_MESSAGES" / "refilld.mo").open("rb") as file:
        return GNUTranslations(file)
