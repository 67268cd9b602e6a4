"""Translations in the templates of pages."""

import pytest
from jinja2 import DictLoader, Environment

from refilld.translations.catalogue import translation_of
from refilld.translations.templates import install_translations

SOURCES = {
    "gettext": "{{ _('a minute') }}",
    "trans": "{% trans %}\n  a\n  minute\n{% endtrans %}",
    "pgettext": "{{ pgettext('refill', 'given up') }}",
    "plural": "{% trans count=number %}{{ count }} alert{% pluralize %}{{ count }} alerts{% endtrans %}",
    "format": "{{ ngettext('%(num)s thing', '%(num)s things', number) }}",
    "markup": "{{ _('by %(name)s', name='<b>') }}",
}


@pytest.fixture
def languages() -> list[str]:
    """The language of what is rendered is the last one."""
    return ["en"]


@pytest.fixture
def environment(languages: list[str]) -> Environment:
    found = Environment(loader=DictLoader(SOURCES), autoescape=True)
    install_translations(found, lambda: translation_of(languages[-1]))
    return found


@pytest.mark.parametrize(
    ("name", "english", "german"),
    [
        ("gettext", "a minute", "eine Minute"),
        ("trans", "a minute", "eine Minute"),
        ("pgettext", "given up", "aufgegeben"),
        ("format", "2 things", "2 things"),
        ("markup", "by &lt;b&gt;", "von &lt;b&gt;"),
    ],
)
def test_a_template_is_rendered_in_the_language_of_the_moment(
    environment: Environment, languages: list[str], name: str, english: str, german: str
) -> None:
    """One compiled template serves all languages."""
    template = environment.get_template(name)
    assert template.render(number=2) == english
    languages.append("de")
    assert template.render(number=2) == german


def test_the_form_follows_the_number(environment: Environment) -> None:
    template = environment.get_template("plural")
    assert [template.render(number=number) for number in (1, 2)] == ["1 alert", "2 alerts"]
