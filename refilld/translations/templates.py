"""Translations in a Jinja environment: `_()`, `ngettext`, `pgettext`, `npgettext` and `{% trans %}`."""

from collections.abc import Callable
from gettext import NullTranslations

from jinja2 import Environment


def install_translations(environment: Environment, current: Callable[[], NullTranslations]) -> None:
    """Let templates translate; `current` gives the catalogue for what is being rendered, such as a request.

    One environment serves all languages: its compiled templates hold no translated text. Line breaks in
    `{% trans %}` are spaces. An empty text stays empty; in a catalogue it is the header.
    """
    environment.policies["ext.i18n.trimmed"] = True
    environment.add_extension("jinja2.ext.i18n")
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # the extension adds it
        gettext=lambda message: current().gettext(message) if message else "",
        ngettext=lambda singular, plural, number: current().ngettext(singular, plural, number),
        newstyle=True,
        pgettext=lambda context, message: current().pgettext(context, message),
        npgettext=lambda context, singular, plural, number: current().npgettext(
            context, singular, plural, number
        ),
    )
