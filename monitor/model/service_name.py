"""Derives terms from the name of a service, as the trade writes them: R30, 365 Days ♻, lifetime, "no refill".

A name is free text. The number beside the mark counts; an ambiguous name derives nothing.
"""

import re
import unicodedata
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache

from monitor.model.terms import RefillMode, Terms

MAX_DAYS = 3650
"""A larger number does not mean a window in days."""
# Variation selectors, key caps and zero-width characters, which sellers use as decoration.
_INVISIBLE = dict.fromkeys((0xFE0E, 0xFE0F, 0x20E3, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD))
_BEGIN, _END = r"(?<![^\W_])", r"(?![^\W_])"
"""Word boundaries; an underscore is not part of a word."""
_AUTO = r"(?:auto(?:matic)?[ -]?)"
_REFILL = rf"(?:{_BEGIN}{_AUTO}?refill(?:s|able)?{_END}|♻)"
_SEPARATOR = r"[/.,\u2044\u2013-]"
"""Joins two numbers to a range or a fraction."""
_DAY = (
    r"(?:(?:d(?:ays?)?|tagen?|tage|d[ií]as?|jours?|g[uü]n(?:l[uü]k)?|дн(?:ей|я|и)?|день|hari|ng[aà]y"
    rf"|giorn[io]|dni|dagen|dag|zile|يوم|أيام|दिन|วัน){_END}|[天日])"
)
"""A day in the languages of panels."""
_GUARANTEE = (
    rf"(?:{_BEGIN}(?:guarant(?:ee|y)[ds]?|warrant(?:y|ies)|garant(?:ie|[ií]a|i|ili)|garansi|гаранти\w+"
    rf"|telafi(?:li)?|reposi(?:ci[oó]n|ç[aã]o)|bảo hành|isi ulang){_END})"
)
_MARK = rf"(?:{_REFILL}|{_GUARANTEE})"
_WITHOUT = r"(?:no|non|not|without|w/o|zero|0|sin|sem|ohne|sans|без|tanpa|không)"
_LONGEST_DELIVERY = 6
"""A larger number of days away from the mark may be a window; a smaller one is a time of delivery."""
_LONGER_UNIT = rf"(?:m|months?|y|years?|w|weeks?){_END}"


def _any_of(*spellings: str) -> re.Pattern[str]:
    return re.compile("|".join(spellings), re.IGNORECASE)


_NO_REFILL = _any_of(
    rf"{_BEGIN}(?:no|non|not|without|w/o|zero|0)[ -]?(?:any[ -]?)?(?:refill(?:s|able)?{_END}|♻)",
    rf"{_BEGIN}refill (?:is )?(?:off|disabled){_END}",
    rf"{_BEGIN}refill ?[:=] ?(?:no|none){_END}(?! ?-?drop)",
    rf"{_BEGIN}(?-i:NR){_END}(?!(?:[.] ?|#)[0-9])",  # not "NR. 1"
    rf"{_BEGIN}(?:telafisiz|garantisiz){_END}",
)
_NO_GUARANTEE = _any_of(rf"{_BEGIN}{_WITHOUT}[ -]?(?:any[ -]?)?{_MARK}")
_AMBIGUOUS = _any_of(
    rf"{_BEGIN}a?r ?[0-9]+{_SEPARATOR}[0-9]",  # R30/60
    rf"[0-9]{_SEPARATOR}[0-9]+[ -]?{_DAY}[ -]?{_AUTO}?refill",
    rf"{_BEGIN}a?r ?[0-9]+[ -]?{_LONGER_UNIT}",
    rf"{_BEGIN}(?:no|non|not|without|w/o)[ -]?a?r ?[0-9]",
    rf"{_BEGIN}a?r ?[0-9]+ (?:is )?(?:not|off|disabled){_END}",
    rf"(?:{_BEGIN}refill|♻)[ :([-]{{0,2}}[0-9]+[ -]?{_LONGER_UNIT}",
    rf"[0-9][ -]?{_LONGER_UNIT}[ -]?{_AUTO}?refill",
    rf"{_BEGIN}(?:no|non|not|without)[ -]?(?:{_AUTO}refill|life)",
    rf"{_BEGIN}(?:no|without) (?:refund|cancel|guarantee|warranty)\w*\W{{1,3}}(?:(?:or|and) )?refill",
    rf"[❌✖✗✘⛔🚫] ?{_REFILL}",
    rf"{_REFILL}[ :]{{0,2}}[❌✖✗✘⛔🚫](?! ?non?{_END})",  # not "Refill ⛔ No Drop"
)
_DAYS = _any_of(
    rf"{_BEGIN}a?r ?([0-9]+)(?:[ -]?{_DAY}|{_END})",
    rf"{_BEGIN}([0-9]+)[ -]?{_DAY}[ )\]-]{{0,2}}{_AUTO}?refill",
    rf"{_BEGIN}([0-9]+)[ -]?{_DAY}[ )\]-]{{0,2}}(?:♻|{_GUARANTEE})",
    rf"(?:{_BEGIN}{_AUTO}?refill|♻|{_GUARANTEE})[ :([-]{{0,2}}([0-9]+)[ -]?{_DAY}",
    # A number without a unit must end the phrase: "refill 500 likes" names no days.
    rf"(?:{_BEGIN}{_AUTO}?refill|♻)[ :([-]{{0,2}}([0-9]+)(?!{_SEPARATOR}?\w) ?(?![\w ])",
)
_LOOSE_DAYS = _any_of(rf"{_BEGIN}([0-9]+)[ -]?{_DAY}")
_LIFETIME = _any_of(rf"{_BEGIN}life[ -]?time{_END}", rf"{_BEGIN}a?r ?[∞♾]")
_AUTOMATIC = _any_of(rf"{_BEGIN}ar ?(?:[0-9]+(?:[ -]?{_DAY}|{_END})|[∞♾])", rf"{_BEGIN}{_AUTO}refill")
_ANY_REFILL = _any_of(_REFILL)
_MENTIONS_REFILL = _any_of(
    _MARK, r"refill", rf"{_BEGIN}a?r ?[0-9]", r"life[ -]?time", r"guarante", r"warrant"
)


@lru_cache(maxsize=1024)
def derive(name: str, base: Terms, lifetime: timedelta | None) -> Terms | None:
    """Derive terms from a service's name, with `base` for what it leaves open; None if it is ambiguous.

    `lifetime` is the duration of a lifetime guarantee, None if it has no end. Contradicting windows derive
    nothing, but "no refill" takes precedence over all of them.
    """
    text = _normalized(name)
    if _NO_REFILL.search(text):
        return replace(base, name="no refill", refill=RefillMode.NEVER)
    labels = _windows(text, lifetime)
    if _NO_GUARANTEE.search(text) and not labels and not _ANY_REFILL.search(text):
        return replace(base, name="no guarantee", refill=RefillMode.NEVER)
    if labels is None or len(labels) > 1 or _AMBIGUOUS.search(text) or _NO_GUARANTEE.search(text):
        return None
    if not labels and (not _ANY_REFILL.search(text) or _loose_window(text)):
        return None
    window, label = next(iter(labels.items()), (base.window, "refill"))
    automatic = _AUTOMATIC.search(text) is not None
    return replace(
        base,
        name=_terms_name(label, automatic=automatic),
        window=window,
        refill=_refill_mode(base, automatic=automatic),
    )


@lru_cache(maxsize=1024)
def speaks_of_refill(name: str) -> bool:
    """Whether a name mentions refills, so that a person should check one that derives nothing."""
    return _MENTIONS_REFILL.search(_normalized(name)) is not None


def _normalized(name: str) -> str:
    """Normalize Unicode and whitespace: sellers use bold and full-width letters and key caps."""
    return " ".join(unicodedata.normalize("NFKC", name).translate(_INVISIBLE).split())


def _windows(text: str, lifetime: timedelta | None) -> dict[timedelta | None, str] | None:
    """Find each promised window with its label; None if one is out of range."""
    labels: dict[timedelta | None, str] = {}
    for match in _DAYS.finditer(text):
        days = match[match.lastindex or 0]
        if len(days) > len(str(MAX_DAYS)) or not 0 < int(days) <= MAX_DAYS:
            return None
        labels[timedelta(days=int(days))] = f"R{int(days)}"
    if _LIFETIME.search(text):
        labels[lifetime] = "lifetime"
    return labels


def _loose_window(text: str) -> bool:
    """Whether the name has a number of days that may be the window, but not beside the mark."""
    return any(len(found[1]) > 1 or int(found[1]) > _LONGEST_DELIVERY for found in _LOOSE_DAYS.finditer(text))


def _terms_name(label: str, *, automatic: bool) -> str:
    if not automatic:
        return label
    return f"A{label}" if label.startswith("R") else f"auto {label}"


def _refill_mode(base: Terms, *, automatic: bool) -> RefillMode:
    """Automatic for AR, else as in `base`; but a name that promises a refill makes `never` on request."""
    if automatic:
        return RefillMode.AUTOMATIC
    return RefillMode.ON_REQUEST if base.refill is RefillMode.NEVER else base.refill
