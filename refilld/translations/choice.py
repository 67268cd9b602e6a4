"""Which language a person reads."""

from werkzeug.datastructures import LanguageAccept

from refilld.translations.catalogue import SOURCE, shipped


def chosen_language(wish: str | None, accepted: LanguageAccept, default: str) -> str:
    """What the reader has set if it is shipped, else what the browser likes most, else a default."""
    liked = (language for language, quality in accepted if quality)
    for one in (wish, *liked, default):
        if one and (language := shipped(one)):
            return language
    return SOURCE
