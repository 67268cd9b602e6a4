"""A renamed profile keeps its guarantee; a new account with the old name has none."""

from tests.e2e.installation import Installation, Sold, until

NASA = Sold("1001", "nasa", start=1000, quantity=500)


def test_a_renamed_profile_is_refilled_and_the_new_owner_of_its_name_is_not(place: Installation) -> None:
    """Order, link and line stay; the count is that of the account."""
    place.sell([NASA])
    place.command("run", "--once")
    place.standin.forget()
    place.world.rename("nasa", "nasa.official")
    place.change("nasa.official", followers=1100)
    place.count("nasa", 3)

    def refills() -> list[tuple[int, str]]:
        place.command("run", "--once")
        return [(refill["quantity"], refill["link"]) for refill in place.refills(state="queued")]

    assert until(refills, "the confirmation") == [(400, "https://www.instagram.com/nasa.official/")]
    # read once by its old name, then by its id, since then by its new name
    assert (place.looks("nasa"), place.looks("api/graphql"), place.looks("nasa.official") > 0) == (1, 1, True)
