"""Ids that occur twice in one file."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import BadInputError
from refilld.orders_file import OrdersFile, RawRow, Refused, without_conflicts
from refilld.orders_file.cells import id_cell

HEADER = "order_id,service,link,quantity,status\n"


def row(line: int, order_id: str, link: str) -> RawRow:
    return RawRow(line, {"order_id": order_id, "link": link})


def refused(*rows: RawRow | Refused) -> list[int]:
    """The lines of the refused rows."""
    return [found.line for found in without_conflicts(rows) if isinstance(found, Refused)]


def test_an_id_with_different_links_refuses_all_of_its_rows() -> None:
    """The first one as well: nobody knows which is right."""
    rows = [row(2, "a", "@ann"), row(3, "b", "@bob"), row(4, "a ", "@cat"), row(5, "a", "@ann")]
    assert refused(*rows) == [2, 4, 5]
    (first, *_) = (found for found in without_conflicts(rows) if isinstance(found, Refused))
    assert first.field == "order_id"
    assert first.problem.startswith("'a' occurs with different links (lines 2, 4, 5); a spreadsheet may")


def test_the_same_link_in_another_spelling_is_the_same_order() -> None:
    """A file may hold several states of an order."""
    assert refused(row(2, "a", "@Ann"), row(3, "a", "https://instagram.com/ann/?igsh=1")) == []


def test_rows_without_an_id_are_no_conflict() -> None:
    """Each is refused for itself."""
    assert refused(row(2, "", "@ann"), row(3, " ", "@bob")) == []


def test_links_that_cannot_be_read_are_compared_as_texts() -> None:
    """They are refused anyway; a valid one beside them may be the wrong order."""
    assert refused(row(2, "a", "@ann"), row(3, "a", "http://x")) == [2, 3]


def test_a_file_is_searched_to_its_end_before_its_first_row(tmp_path: Path) -> None:
    """Through the reader, with rows that are broken."""
    path = tmp_path / "orders.csv"
    lines = [
        "1,s,@a,5,Pending",
        "broken",
        *(f"x{n},s,@u{n},5,Pending" for n in range(2_000)),
        "1,s,@b,5,Pending",
    ]
    path.write_text(HEADER + "\n".join(lines))
    with OrdersFile(path) as file:
        assert [found.line for found in without_conflicts(file) if isinstance(found, Refused)] == [2, 3, 2004]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["@x", "@y", "@X"]))))
def test_exactly_the_ids_with_several_links_are_refused(pairs: list[tuple[str, str]]) -> None:
    """Whatever the order of the rows."""
    links: dict[str, set[str]] = {}
    for order_id, link in pairs:
        links.setdefault(order_id, set()).add(link.lower())
    rows = [row(number, *pair) for number, pair in enumerate(pairs)]
    expected = [number for number, (order_id, _) in enumerate(pairs) if len(links[order_id]) > 1]
    assert refused(*rows) == expected


def test_an_id_that_a_spreadsheet_has_rounded_is_refused() -> None:
    """Letters and digits that only look alike are ids."""
    for text in ("1.79486E+12", "1,79486E+12", "2e+15"):
        try:
            id_cell({"order_id": text}, 100)
        except BadInputError as error:
            assert "rounded" in error.problem  # noqa: PT017  (each text is one case)
        else:
            raise AssertionError(text)
    for text in ("12e5", "1E12", "E+12", "17"):
        assert id_cell({"order_id": text}, 100) == text
