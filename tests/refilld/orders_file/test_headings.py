"""Headings: a column is recognised or mapped by the operator, never guessed."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import BadInputError
from refilld.orders_file import NEEDED, OrdersFile, RawRow, read_rows
from refilld.orders_file.headings import match

PANEL = ("ID", "Link", "Start count", "Quantity", "Service", "Status", "Remains")
PANEL_FIELDS = ("order_id", "link", "start_count", "quantity", "service", "status", "remains")


def _file(tmp_path: Path, text: str, name: str = "orders.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def _spelled(heading: str, style: int, gap: str) -> str:
    return [heading, heading.upper(), heading.lower(), heading.title()][style].replace(" ", gap)


@given(
    st.permutations(list(zip(PANEL, PANEL_FIELDS, strict=True))),
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from([" ", "_", "-", ""])), min_size=7, max_size=7),
)
def test_panel_headings_are_recognised_in_any_order_and_case(
    pairs: list[tuple[str, str]], styles: list[tuple[int, str]]
) -> None:
    """An export of a panel needs no mapping."""
    headings = [_spelled(heading, *style) for (heading, _), style in zip(pairs, styles, strict=True)]
    assert match(headings, {}).fields == {
        heading: field for heading, (_, field) in zip(headings, pairs, strict=True)
    }


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("Order ID", "order_id"),
        ("Service ID", "service"),
        ("Charge", "price"),
        ("Completed at", "completed_at"),
        ("Link URL", "link"),
        ("Provider", "provider"),
        ("User", "customer"),
        ("Date completed", "completed_at"),
        ("Completion date", "completed_at"),
        ("Finished at", "completed_at"),
        ("Delivered at", "completed_at"),
        ("Customer", "customer"),
        ("Created", "created_at"),
        ("Created at", "created_at"),
        ("Date created", "created_at"),
        ("Mode", None),
    ],
)
def test_other_headings_of_panels_are_understood_and_created_is_not_completed(
    heading: str, field: str | None
) -> None:
    """An order is created long before it is completed; a guess here would end guarantees early."""
    assert match([heading], {}).fields.get(heading) == field


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_delimiter_is_detected_from_the_header(
    tmp_path: Path, delimiter: str, mark: str, end: str
) -> None:
    """Commas, semicolons and tabs, with or without byte order mark, with either line end."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end)
    writer.writerow([*PANEL, "Note, or; so"])
    writer.writerow(["17", "@nasa", "5", "100", "1234", "Completed", "0", "a,b;c\td"])
    path = tmp_path / "orders.csv"
    path.write_bytes((mark + out.getvalue()).encode())
    (row,) = read_rows(path, {})
    assert isinstance(row, RawRow)
    assert row.line == 2
    assert row.cells == dict(
        zip(PANEL_FIELDS, ["17", "@nasa", "5", "100", "1234", "Completed", "0"], strict=True)
    )


def test_the_error_for_missing_columns_names_all(tmp_path: Path) -> None:
    """One error with every missing field, the existing columns, and the remedy."""
    with pytest.raises(
        BadInputError, match="no column for service, quantity, status; it has 'ID', 'Link'"
    ) as caught:
        OrdersFile(_file(tmp_path, "ID,Link,Foo\n"))
    assert caught.value.field == "header"
    assert "--map COLUMN=service" in caught.value.problem


@pytest.mark.parametrize(
    ("header", "mapping", "message"),
    [
        (
            "ID,Order ID,Link,Service,Quantity,Status",
            {},
            r"order_id: the columns 'ID', 'Order ID' both mean order_id",
        ),
        ("ID,Note,Link,Note,Service,Quantity,Status", {}, r"header: there are two columns 'Note'"),
        (
            "ID,Link,Service,Quantity,Status",
            {"Foo": "owner"},
            r"--map: the file has no column 'Foo'; it has 'ID',",
        ),
        (
            "ID,Link,Service,Quantity,Status",
            {"ID": "foo"},
            r"--map: there is no field 'foo'; there are order_id,",
        ),
        ("A,B", {"A": "owner", "B": "owner"}, r"--map: 'A' and 'B' are both mapped to owner"),
        ("A,B", {"A": "owner", "a": "price"}, r"--map: 'A' is mapped to both owner and price"),
        ("", {}, r"header: the file is empty"),
        ("\n\n", {}, r"header: the file is empty"),
        ('ID,"Link', {}, r"header: is not CSV: a quote is opened"),
        ("ID," + "x" * 70_000, {}, r"header: the line has 70,004 bytes"),
    ],
)
def test_an_ambiguous_header_is_refused(
    tmp_path: Path, header: str, mapping: dict[str, str], message: str
) -> None:
    """Nothing is guessed; the error names the columns."""
    with pytest.raises(BadInputError, match=message):
        OrdersFile(_file(tmp_path, header + "\n"), mapping)


def test_a_mapping_overrides_recognition(tmp_path: Path) -> None:
    """The mapped column is the field; the recognised one is ignored."""
    header = "ID,External,Link,Link URL,Service,Quantity,Status\n"
    path = _file(tmp_path, header + "1,77,x,@nasa,5,100,Pending\n")
    with OrdersFile(path, {"external": "order_id", "Link URL": "link"}) as file:
        (row,) = file
        assert isinstance(row, RawRow)
        assert (row.cells["order_id"], row.cells["link"]) == ("77", "@nasa")
        assert file.ignored == ("ID", "Link")


def test_a_column_mapped_to_another_field_loses_its_own_meaning() -> None:
    """With `--map ID=customer` another column is the order's id."""
    assert match(["ID", "Nr"], {"ID": "customer", "Nr": "order_id"}).fields == {
        "ID": "customer",
        "Nr": "order_id",
    }


def test_a_recognised_column_can_be_left_out() -> None:
    """It is not listed as ignored either, for that was said; another column may take its field."""
    columns = match(["ID", "Charge", "Paid"], {"Charge": "", "Paid": "price"})
    assert (columns.fields, columns.ignored) == ({"ID": "order_id", "Paid": "price"}, ())
    with_two = match(["ID", "Order ID"], {"id": ""})
    assert with_two.fields == {"Order ID": "order_id"}


def test_configured_columns_may_be_missing_and_are_overridden(tmp_path: Path) -> None:
    """The configuration is for all files of a shop."""
    path = _file(tmp_path, "Nr,Link,Service,Quantity,Status,Buyer\n1,@nasa,5,100,Pending,ann\n")
    columns = {"Nr": "order_id", "Kunde": "customer", "Buyer": "provider"}
    with OrdersFile(path, {"Buyer": "customer"}, columns) as file:
        (row,) = file
    assert isinstance(row, RawRow)
    assert (row.cells["order_id"], row.cells["customer"]) == ("1", "ann")
    json_path = _file(tmp_path, '{"Nr": 1}\n', "orders.jsonl")
    with OrdersFile(json_path, {}, columns) as file:
        (row,) = file
    assert isinstance(row, RawRow)
    assert row.cells == {"order_id": "1"}


def test_unknown_and_nameless_columns_are_ignored_and_listed(tmp_path: Path) -> None:
    """The command reports them once."""
    with OrdersFile(_file(tmp_path, ",".join(NEEDED) + ",Note,,Mode,line,reason,\n")) as file:
        assert file.ignored == ("Note", "column 7", "Mode", "column 11")


def test_json_lines_use_the_same_headings_and_mappings(tmp_path: Path) -> None:
    """Keys are recognised like headings, row by row; mapped ones have precedence."""
    path = _file(
        tmp_path,
        '{"Order ID": 17, "nr": "a", "Start count": null, "x": [1]}\n\n{"id": "18", "nr": "b", "y": {}}\n',
        "orders.jsonl",
    )
    with OrdersFile(path, {"Nr": "service"}) as file:
        rows = [row for row in file if isinstance(row, RawRow)]
        assert [(row.line, dict(row.cells)) for row in rows] == [
            (1, {"order_id": "17", "service": "a", "start_count": ""}),
            (3, {"order_id": "18", "service": "b"}),
        ]
        assert file.ignored == ("x", "y")


def test_a_mapped_column_that_the_first_object_lacks_is_an_error(tmp_path: Path) -> None:
    """A misspelt mapping must not be taken for an empty column."""
    path = _file(tmp_path, '{"id": 1}\n', "orders.jsonl")
    with pytest.raises(BadInputError, match="--map: the file has no column 'Nr'; it has 'id'"):
        list(read_rows(path, {"Nr": "service"}))
