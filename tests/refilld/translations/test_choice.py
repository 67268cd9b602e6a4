"""Which language a person reads."""

import pytest
from werkzeug.datastructures import LanguageAccept

from refilld.translations.choice import chosen_language


@pytest.mark.parametrize(
    ("wishes", "accepted", "default", "language"),
    [
        (["ru", "tr"], [("de", 1.0)], "es", "ru"),
        ([None, "tr"], [("de", 1.0)], "es", "tr"),
        ([None, "xx"], [("fr", 1.0), ("pt-BR", 0.8), ("de", 0.5)], "es", "pt"),
        ([None, None], [("fr", 1.0)], "es", "es"),
        ([None, None], [], "tr", "tr"),
        ([None, None], [], "fr", "en"),
    ],
)
def test_the_setting_comes_before_the_cookie_the_browser_and_the_shop(
    wishes: list[str | None], accepted: list[tuple[str, float]], default: str, language: str
) -> None:
    assert chosen_language(wishes, LanguageAccept(accepted), default) == language
