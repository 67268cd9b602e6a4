"""The language of whoever reads the page of the current request, and texts in it."""

from gettext import NullTranslations

from flask import Flask, g, has_request_context, request

from refilld.translations.catalogue import SOURCE, translation_of
from refilld.translations.choice import chosen_language
from refilld.translations.numbers import shown_number
from refilld.translations.source_text import Label, Sentence
from refilld.translations.templates import install_translations


def register(app: Flask, default: str) -> None:
    """Choose the language of each request, and let templates translate into it."""

    @app.before_request
    def choose() -> None:
        g.default_language = default

    install_translations(app.jinja_env, translation)


def language() -> str:
    """The language of the user, or what their browser asks for, or the configured one."""
    if "language" not in g:
        visitor, default = g.get("visitor"), g.get("default_language", SOURCE)
        g.language = chosen_language(visitor and visitor.language, request.accept_languages, default)
    return str(g.language)


def read_in(name: str) -> None:
    """Show this page in a language whatever its reader has chosen."""
    g.language = name


def translation() -> NullTranslations:
    """The catalogue of the reader; without a request that of the source."""
    return translation_of(language() if has_request_context() else SOURCE)


def gettext(text: str, **values: object) -> str:
    """A text of the source in the language of the reader, with its values."""
    return translation().gettext(text).format(**values) if text else ""


def ngettext(singular: str, plural: str, number: int, **values: object) -> str:
    """A text that depends on a number, in the language of the reader."""
    into = translation()
    shown = shown_number(f"{number:,}", into)
    return into.ngettext(singular, plural, number).format(number=shown, **values)


def said(text: Label | Sentence, **values: object) -> str:
    """A marked text in the language of the reader, with its values."""
    return text.into(translation()).format(**values)
