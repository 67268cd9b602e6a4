"""Files of spreadsheets and other systems: the same rows, whatever wrote them."""

import io
from pathlib import Path
from types import SimpleNamespace

import pytest

from refilld.orders_file import OrdersFile, RawRow, read_rows

TEXT = "order_id,service,link,quantity,status,customer\n1,s,@nasa,5,Pending,Zoë ♻️\n2,s,@esa,5,Pending,\n"
CELLS = [
    ("1", "s", "@nasa", "5", "Pending", "Zoë ♻️"),
    ("2", "s", "@esa", "5", "Pending", ""),
]


def cells(path: Path) -> list[tuple[str, ...]]:
    return [tuple(row.cells.values()) for row in read_rows(path) if isinstance(row, RawRow)]


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
        b"\xef\xbb\xbf" + TEXT.replace("\n", "\r").encode(),
        TEXT.replace("\n", "\r").encode("utf-16"),
        b"sep=;\r\n" + TEXT.replace(",", ";").encode(),
        b'"sep=,"\n' + TEXT.encode(),
        b"sep=|\n" + TEXT.replace(",", "|").encode(),
        ("sep=\t\r\n" + TEXT.replace(",", "\t")).encode("utf-16"),
    ],
)
def test_encodings_line_ends_and_a_separator_line_make_no_difference(tmp_path: Path, content: bytes) -> None:
    """Byte order marks as well."""
    path = tmp_path / "orders.csv"
    path.write_bytes(content)
    assert cells(path) == CELLS


def test_json_lines_may_be_utf_16(tmp_path: Path) -> None:
    """They are recognised after the conversion."""
    path = tmp_path / "orders.csv"
    path.write_bytes('{"id": 1, "customer": "Zoë"}\n'.encode("utf-16"))
    assert cells(path) == [("1", "Zoë")]


def test_lines_are_counted_with_the_separator_line(tmp_path: Path) -> None:
    """As an editor numbers them."""
    path = tmp_path / "orders.csv"
    path.write_bytes(b"sep=,\n" + TEXT.encode())
    assert [row.line for row in read_rows(path)] == [3, 4]


def test_a_quoted_cell_may_hold_a_carriage_return_in_a_file_with_line_feeds(tmp_path: Path) -> None:
    """Only a file without any line feed has CR as line end."""
    path = tmp_path / "orders.csv"
    path.write_bytes(TEXT.replace("Zoë ♻️", '"a\rb"').encode())
    assert cells(path)[0][-1] == "a\rb"


def test_standard_input_is_read_like_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice, if need be."""
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(TEXT.encode("utf-16"))))
    with OrdersFile(Path("-")) as file:
        first, second = list(file), list(file)
        assert file.size > 0
    assert first == second
    assert [row.line for row in first] == [2, 3]
