"""The Jinja environment of the templates: a sandbox for plain text, with filters in one language."""

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from gettext import NullTranslations

from jinja2 import BaseLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from monitor.model.duration import format_duration
from monitor.model.time_words import minute, second
from refilld.translations.catalogue import translation_of
from refilld.translations.labels import label_of
from refilld.translations.numbers import counted_noun, shown_number, spoken_duration
from refilld.translations.source_text import marked


def environment(loader: BaseLoader, language: str) -> ImmutableSandboxedEnvironment:
    """An environment in which a missing name is an error."""
    translation = translation_of(language)
    found = ImmutableSandboxedEnvironment(
        loader=loader,
        undefined=StrictUndefined,
        autoescape=False,  # plain text; each channel escapes what it sends
    )
    found.filters.update(
        counted=partial(counted_noun, translation=translation),
        duration=format_duration,
        label=partial(label_of, translation=translation),
        minute=minute,
        money=partial(_money, translation=translation),
        second=second,
        spoken=partial(spoken_duration, translation=translation),
        thousands=partial(_thousands, translation=translation),
    )
    return found


_NO_CURRENCY = marked("(no currency)")


def _money(amounts: Mapping[str, Decimal], translation: NullTranslations) -> str:
    """Amounts by currency, such as `20.00 EUR, 5.00 USD`."""
    return ", ".join(
        f"{shown_number(f'{amounts[one]:,f}', translation)} {one or _NO_CURRENCY.into(translation)}"
        for one in sorted(amounts)
        if amounts[one]
    )


def _thousands(number: int, translation: NullTranslations) -> str:
    return shown_number(f"{number:,}", translation)
