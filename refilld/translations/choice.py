"""Which language a person reads."""

from collections.abc import Iterable

from werkzeug.datastructures import LanguageAccept

from refilld.translations.catalogue import SOURCE, shipped


def chosen_language(wishes: Iterable[str | None], accepted: LanguageAccept, default: str) -> str:
    """The first wish that is a shipped language, else what the browser likes most, else the shop's default.

    The wishes are, in this order, the setting of the user and the cookie.
    """
    liked = (language for language, quality in accepted if quality)
    for wish in (*wishes, *liked, default):
        if wish and (language := shipped(wish)):
            return language
    return SOURCE
