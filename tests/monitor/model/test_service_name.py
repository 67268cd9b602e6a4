"""Terms from service names: the usual marks, and texts that only look like them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model.service_name import MAX_DAYS, derive, speaks_of_refill
from monitor.model.terms import BelowStart, RefillMode, Terms
from tests.builders import DAY
from tests.effort import examples

YEAR = timedelta(days=365)
BASE = Terms(
    window=60 * DAY,
    cooldown=12 * timedelta(hours=1),
    below_start=BelowStart.CAP,
    refill=RefillMode.ON_REQUEST,
)
"""Differs from the usual terms in every value that no mark may change."""
WORDS = [
    "R30",
    "AR",
    "r",
    "30",
    "0",
    "refill",
    "auto",
    "no",
    "NR",
    "days",
    "life",
    "time",
    "♻",
    "∞",
    "/",
    "-",
]
NAMES = st.text() | st.lists(st.sampled_from(WORDS) | st.text(max_size=3)).map(" ".join)


def read(name: str, lifetime: timedelta | None = YEAR) -> tuple[timedelta | None, RefillMode, str] | None:
    """The terms of a name, abbreviated."""
    found = derive(name, BASE, lifetime)
    return None if found is None else (found.window, found.refill, found.name)


def days(number: int, mode: RefillMode = RefillMode.ON_REQUEST) -> tuple[timedelta, RefillMode, str]:
    return number * DAY, mode, f"{'A' if mode is RefillMode.AUTOMATIC else ''}R{number}"


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("IG Followers R30 ♻", 30), ("Likes | r60 | HQ", 60), ("R 30", 30), ("Followers R365", 365),
        ("[R30]", 30), ("(R7)", 7), ("IG_R30_HQ", 30), ("R30♻️ fast", 30), ("No Drop R99", 99), ("R30D", 30),
        ("R30 days", 30), ("R30 - 500/day", 30), ("500/day R30", 30), ("30 days refill", 30),
        ("30-day Refill", 30), ("30D refill", 30), ("refill 30 days", 30), ("Refill (30 days)", 30),
        ("Refill: 30", 30), ("refill 30 | HQ", 30), ("♻️ 30 days", 30), ("R30 Refill 30 days", 30),
        ("0-1 Hr | Refill 30 days", 30), (f"R{MAX_DAYS}", MAX_DAYS),
        # Decoration: bold letters, full width, key caps, selectors, characters without width.
        ("\U0001d5e5\U0001d7ef\U0001d7ec", 30), ("\uff32\uff13\uff10", 30),
        ("R3\ufe0f\u20e30\ufe0f\u20e3", 30), ("R\u200b30", 30), ("R\u00a030", 30),
    ],
)  # fmt: skip
def test_days_are_a_window_and_leave_the_rest_as_it_is(name: str, number: int) -> None:
    """R30 and its spellings: the mode and all other limits are those of the default terms."""
    assert read(name) == days(number)
    assert derive(name, BASE, YEAR) == replace(BASE, name=f"R{number}", window=number * DAY)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("IG Followers | 365 Days ♻️ | Fast", 365), ("[REFILL 25 HARI] ♻️", 25), ("60 Days ♻️", 60),
        ("Followers 365 Days Refill ⛔ No Drop", 365), ("[30 Days] ♻️", 30), ("50K/Day | 90 days ♻", 90),
        ("30 Days Guarantee", 30), ("Guarantee 30 days", 30), ("Warranty: 30 days", 30),
        ("30 Tage Garantie", 30), ("Garantía 30 días", 30), ("reposição 30 dias", 30),
        ("30 jours refill", 30), ("60 gün telafili", 60),
        ("гарантия 30 дней", 30), ("Refill 30 ngày", 30), ("30天 ♻️", 30), ("garansi 30 hari", 30),
    ],
)  # fmt: skip
def test_the_number_beside_the_mark_counts_in_any_language(name: str, number: int) -> None:
    """Not the speed, and not what follows."""
    assert read(name) == days(number)


@pytest.mark.parametrize(
    "name",
    [
        "No Guarantee", "Non guarantee", "⚠️ NO GUARANTEE ⚠️ HQ", "without any guarantee", "non-guaranteed",
        "sin garantía", "sem reposição", "ohne Garantie", "без гарантии", "tanpa garansi", "garantisiz",
    ],
)  # fmt: skip
def test_no_guarantee_is_none(name: str) -> None:
    """Nothing is refilled."""
    found = derive(name, BASE, YEAR)
    assert found is not None
    assert found.refill is RefillMode.NEVER


@pytest.mark.parametrize(
    "name",
    [
        "lifetime 30 days refill", "30 Days ♻️ 60 Days ♻️", "365 Days | ♻️", "No guarantee, 30 days refill",
        "No Guarantee ♻️", "30 Days Refill | No Guarantee after", "Guaranteed Real Followers",
        "1 year guarantee", "0 days guarantee", "R30 | 60 days guarantee",
    ],
)  # fmt: skip
def test_a_promise_that_is_not_clear_mentions_a_guarantee_and_derives_nothing(name: str) -> None:
    """Whoever imports must ask what holds."""
    assert derive(name, BASE, YEAR) is None
    assert speaks_of_refill(name)


@pytest.mark.parametrize(
    "name",
    ["50-100/Day - AR30 ... NO FLAG RULE", "ar30", "AR 30", "Auto Refill 30 days", "30 Days Auto-Refill"],
)
def test_ar_refills_by_itself(name: str) -> None:
    """AR30: no request is needed."""
    assert read(name) == days(30, RefillMode.AUTOMATIC)


@pytest.mark.parametrize("lifetime", [YEAR, None])
@pytest.mark.parametrize("name", ["Lifetime", "LIFE TIME refill", "life-time ♻", "R∞", "R♾️ HQ"])
def test_a_lifetime_lasts_as_long_as_configured(name: str, lifetime: timedelta | None) -> None:
    """365 days as usual, or unlimited."""
    assert read(name, lifetime) == (lifetime, BASE.refill, "lifetime")


def test_an_automatic_lifetime_is_both() -> None:
    """AR with the infinity sign."""
    assert read("AR∞") == (YEAR, RefillMode.AUTOMATIC, "auto lifetime")


@pytest.mark.parametrize(
    "name", ["♻", "♻️", "\u267b\ufe0e", "Refill", "REFILLABLE", "Followers [Refill]", "Refill | No Drop"]
)
def test_refill_without_days_means_the_default_terms(name: str) -> None:
    """The sign or the word alone promises a refill without limits of its own."""
    assert derive(name, BASE, YEAR) == replace(BASE, name="refill")


@pytest.mark.parametrize(
    "name",
    [
        "No Refill", "no-refill", "NoRefill", "without refill", "Non Refill", "non-refillable", "w/o refill",
        "NR", "Followers [NR] fast", "Likes NR 10K/day", "No ♻️", "Refill: no", "NO REFILL ♻ R30",
        "Lifetime, no refill", "No refund, no refill",
    ],
)  # fmt: skip
def test_no_refill_takes_precedence(name: str) -> None:
    """Although it contains the word refill."""
    assert derive(name, BASE, YEAR) == replace(BASE, name="no refill", refill=RefillMode.NEVER)


@pytest.mark.parametrize(
    "name",
    [
        "", "IG Followers", "no drop", "Non Drop", "Nr. 1 Followers", "NR. 1", "nr", "AR filter", "R", "HQ",
        "prefill", "Refiller",
        # Unrelated numbers.
        "BR30X", "R30X", "CR7 fans", "R30K", "R0", "AR0", "0 days refill", "R9999", "R" + "9" * 5000,
        "R\u0663\u0660",
        f"R{MAX_DAYS + 1}", "refill 99999 days", "R3.5", "R1,000", "R½",
        # More than one thing at once.
        "R30 R60", "R30/60", "R30-60", "R30 / AR60", "Lifetime R30", "1-30 days refill",
        # Promises that are not read.
        "R3 months", "R6M", "3 months refill", "1 year auto refill", "refill 2 weeks",
        "no auto refill", "not lifetime", "No refund / refill", "❌ Refill", "Refill 🚫",
    ],
)  # fmt: skip
def test_an_ambiguous_promise_is_ignored(name: str) -> None:
    """Nothing is guessed: the default terms hold, as for a name without a mark."""
    assert derive(name, BASE, YEAR) is None


@pytest.mark.parametrize(
    "name", ["Refill 500 likes", "refill 500/day", "♻ 100-500/day", "Start 2 days | Refill"]
)
def test_a_number_beside_the_word_is_not_always_its_days(name: str) -> None:
    """It may be a quantity, a speed or a delivery time."""
    assert derive(name, BASE, YEAR) == replace(BASE, name="refill")


@pytest.mark.parametrize("name", ["R30", "30 days refill", "♻"])
def test_a_refill_mark_under_terms_without_refill_means_on_request(name: str) -> None:
    """A shop may sell without refill unless the name says so; then the customer asks for it."""
    found = derive(name, replace(BASE, refill=RefillMode.NEVER), YEAR)
    assert found is not None
    assert found.refill is RefillMode.ON_REQUEST


@examples(150)
@given(NAMES, st.sampled_from(RefillMode), st.none() | st.integers(1, 3000).map(lambda n: n * DAY))
def test_any_text_gives_possible_terms_or_none(
    name: str, mode: RefillMode, lifetime: timedelta | None
) -> None:
    """No error, a valid window, and only name, window and mode differ from the default."""
    base = replace(BASE, refill=mode)
    found = derive(name, base, lifetime)
    if found is not None:
        assert (
            found.window in {lifetime, base.window} or timedelta(0) < (found.window or DAY) <= MAX_DAYS * DAY
        )
        assert replace(found, name=base.name, window=base.window, refill=mode) == base


@examples(50)
@given(NAMES)
def test_no_refill_in_a_name_overrides_every_promise(name: str) -> None:
    """In any position."""
    for whole in (f"{name} | no refill", f"no refill | {name}"):
        found = derive(whole, BASE, YEAR)
        assert found is not None
        assert found.refill is RefillMode.NEVER


@examples(50)
@given(st.integers(1, MAX_DAYS), st.sampled_from(["R{}", "[R{}] HQ", "{} days refill", "♻ refill {} days"]))
def test_every_window_of_days_can_be_named(number: int, form: str) -> None:
    """From one day to ten years."""
    assert read(form.format(number)) == days(number)


@pytest.mark.parametrize("name", ["no R30", "No-R30", "R30 not working", "Followers without R60"])
def test_a_contradicted_promise_derives_nothing(name: str) -> None:
    """The default terms apply."""
    assert derive(name, Terms(), None) is None


@pytest.mark.parametrize("name", ["without any refill", "zero refill", "Likes | 0 refill", "Refill off"])
def test_a_refusal_in_other_words_is_a_refusal(name: str) -> None:
    """Equivalent to "no refill"."""
    derived = derive(name, Terms(), None)
    assert derived is not None
    assert derived.refill is RefillMode.NEVER
