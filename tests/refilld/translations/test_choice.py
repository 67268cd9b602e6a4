"""Which language a person reads."""

import pytest
from werkzeug.datastructures import LanguageAccept

from refilld.translations.choice import chosen_language


@pytest.mark.parametrize(
    ("wish", "accepted", "default", "language"),
    [
        ("ru", [("de", 1.0)], "es", "ru"),
        (None, [("de", 0.0)], "es", "es"),
        ("xx", [("fr", 1.0), ("pt-BR", 0.8), ("de", 0.5)], "es", "pt"),
        (None, [("fr", 1.0)], "es", "es"),
        (None, [], "tr", "tr"),
        (None, [], "fr", "en"),
    ],
)
def test_the_setting_comes_before_the_browser_and_the_shop(
    wish: str | None, accepted: list[tuple[str, float]], default: str, language: str
) -> None:
    assert chosen_language(wish, LanguageAccept(accepted), default) == language
