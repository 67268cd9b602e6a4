"""What a service's name promises, as the trade writes it: R30, AR30, ♻, lifetime, "no refill".

A name is free text: what is not plainly one promise is none, and nothing is guessed.
"""

import re
import unicodedata
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache

from monitor.model.terms import RefillMode, Terms

MOST_DAYS = 3650
"""A window of more days is a number that means something else."""
# Sellers decorate: variation selectors, key caps and characters without width say nothing.
_INVISIBLE = dict.fromkeys((0xFE0E, 0xFE0F, 0x20E3, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD))
_BEGIN, _END = r"(?<![^\W_])", r"(?![^\W_])"
"""The edges of a word; an underscore is no part of it."""
_AUTO = r"(?:auto(?:matic)?[ -]?)"
_REFILL = rf"(?:{_BEGIN}{_AUTO}?refill(?:s|able)?{_END}|♻)"
_JOINT = r"[/.,\u2044\u2013-]"
"""What makes a range or a fraction of two numbers."""
_DAY = rf"d(?:ays?)?{_END}"
_LONGER = rf"(?:m|months?|y|years?|w|weeks?){_END}"


def _any_of(*spellings: str) -> re.Pattern[str]:
    return re.compile("|".join(spellings), re.IGNORECASE)


_NEVER = _any_of(
    rf"{_BEGIN}(?:no|non|not|without|w/o|zero|0)[ -]?(?:any[ -]?)?(?:refill(?:s|able)?{_END}|♻)",
    rf"{_BEGIN}refill (?:is )?(?:off|disabled){_END}",
    rf"{_BEGIN}refill ?[:=] ?(?:no|none){_END}(?! ?-?drop)",
    rf"{_BEGIN}(?-i:NR){_END}(?!(?:[.] ?|#)[0-9])",  # "NR. 1" counts something
)
_UNCLEAR = _any_of(
    rf"{_BEGIN}a?r ?[0-9]+{_JOINT}[0-9]",  # R30/60
    rf"[0-9]{_JOINT}[0-9]+[ -]?{_DAY}[ -]?{_AUTO}?refill",
    rf"{_BEGIN}a?r ?[0-9]+[ -]?{_LONGER}",
    rf"{_BEGIN}(?:no|non|not|without|w/o)[ -]?a?r ?[0-9]",
    rf"{_BEGIN}a?r ?[0-9]+ (?:is )?(?:not|off|disabled){_END}",
    rf"(?:{_BEGIN}refill|♻)[ :([-]{{0,2}}[0-9]+[ -]?{_LONGER}",
    rf"[0-9][ -]?{_LONGER}[ -]?{_AUTO}?refill",
    rf"{_BEGIN}(?:no|non|not|without)[ -]?(?:{_AUTO}refill|life)",
    rf"{_BEGIN}(?:no|without) (?:refund|cancel|guarantee|warranty)\w*\W{{1,3}}(?:(?:or|and) )?refill",
    rf"[❌✖✗✘⛔🚫] ?{_REFILL}",
    rf"{_REFILL}[ :]{{0,2}}[❌✖✗✘⛔🚫]",
)
_DAYS = _any_of(
    rf"{_BEGIN}a?r ?([0-9]+)(?:[ -]?{_DAY}|{_END})",
    rf"{_BEGIN}([0-9]+)[ -]?{_DAY}[ -]?{_AUTO}?refill",
    rf"(?:{_BEGIN}{_AUTO}?refill|♻)[ :([-]{{0,2}}([0-9]+)[ -]?{_DAY}",
    # A bare number must end the phrase: "refill 500 likes" promises no days.
    rf"(?:{_BEGIN}{_AUTO}?refill|♻)[ :([-]{{0,2}}([0-9]+)(?!{_JOINT}?\w) ?(?![\w ])",
)
_LIFETIME = _any_of(rf"{_BEGIN}life[ -]?time{_END}", rf"{_BEGIN}a?r ?[∞♾]")
_AUTOMATIC = _any_of(rf"{_BEGIN}ar ?(?:[0-9]+(?:[ -]?{_DAY}|{_END})|[∞♾])", rf"{_BEGIN}{_AUTO}refill")
_ANY_REFILL = _any_of(_REFILL)
_SPEAKS = _any_of(_REFILL, r"refill", rf"{_BEGIN}a?r ?[0-9]", r"life[ -]?time", r"guarante", r"warrant")


@lru_cache(maxsize=1024)
def derive(name: str, base: Terms, lifetime: timedelta | None) -> Terms | None:
    """The terms that a service's name promises, else as in `base`; None when it plainly promises nothing.

    `lifetime` is how long a lifetime lasts, None for without end. Marks that contradict each other are
    no promise, but "no refill" beats them all.
    """
    text = _plain(name)
    if _NEVER.search(text):
        return replace(base, name="no refill", refill=RefillMode.NEVER)
    marks = _windows(text, lifetime)
    if marks is None or len(marks) > 1 or _UNCLEAR.search(text):
        return None
    if not marks and not _ANY_REFILL.search(text):
        return None
    window, mark = next(iter(marks.items()), (base.window, "refill"))
    automatic = _AUTOMATIC.search(text) is not None
    return replace(
        base, name=_named(mark, automatic=automatic), window=window, refill=_mode(base, automatic=automatic)
    )


def speaks_of_refill(name: str) -> bool:
    """Whether a name that derives nothing still says something of refills, which a person should read."""
    return _SPEAKS.search(_plain(name)) is not None


def _plain(name: str) -> str:
    """The name in plain characters: sellers write in bold, in full width, with key caps."""
    return " ".join(unicodedata.normalize("NFKC", name).translate(_INVISIBLE).split())


def _windows(text: str, lifetime: timedelta | None) -> dict[timedelta | None, str] | None:
    """Each window that is promised, with its mark; None when one is no possible window."""
    marks: dict[timedelta | None, str] = {}
    for found in _DAYS.finditer(text):
        days = found[found.lastindex or 0]
        if len(days) > len(str(MOST_DAYS)) or not 0 < int(days) <= MOST_DAYS:
            return None
        marks[timedelta(days=int(days))] = f"R{int(days)}"
    if _LIFETIME.search(text):
        marks[lifetime] = "lifetime"
    return marks


def _named(mark: str, *, automatic: bool) -> str:
    if not automatic:
        return mark
    return f"A{mark}" if mark.startswith("R") else f"auto {mark}"


def _mode(base: Terms, *, automatic: bool) -> RefillMode:
    """A name without AR keeps the base's way; where that is never, the customer presses the button."""
    if automatic:
        return RefillMode.AUTOMATIC
    return RefillMode.ON_REQUEST if base.refill is RefillMode.NEVER else base.refill
