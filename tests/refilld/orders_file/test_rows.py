"""Rows: each has its line number, and a broken row does not affect its neighbours."""

import json
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.errors import BadInputError
from monitor.model.service import Service
from monitor.model.target import Metric
from monitor.model.terms import Terms
from refilld.orders_file import (
    Notes,
    OrdersFile,
    ParsedRow,
    RawRow,
    Refused,
    RejectsFile,
    parse_file,
    parse_rows,
    read_rows,
)
from refilld.orders_file.csv_rows import CsvRows

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SERVICES = {"1234": Service(metric=Metric.FOLLOWERS)}
HEADER = b"order_id,service,link,quantity,status,customer\n"


def _rows(tmp_path: Path, content: bytes, name: str = "orders.csv") -> list[RawRow | Refused]:
    path = tmp_path / name
    path.write_bytes(content)
    return list(read_rows(path, {}))


def _parsed(path: Path) -> Iterator[ParsedRow]:
    return parse_file(path, {}, services=SERVICES, terms={}, now=NOW, notes=Notes())


def _summary(rows: list[RawRow | Refused]) -> list[tuple[int, str]]:
    """Shorten each row to its line and its order id or problem."""
    return [(row.line, row.problem if isinstance(row, Refused) else row.cells["order_id"]) for row in rows]


def test_blank_lines_are_skipped_and_counted(tmp_path: Path) -> None:
    """Line numbers are those of the file; rows of empty cells are blank too."""
    rows = _rows(tmp_path, b"\n" + HEADER + b"\n1,a,b,1,x,\n  \r\n,,,,,\n2,a,b,1,x,")
    assert _summary(rows) == [(4, "1"), (7, "2")]


def test_a_quoted_cell_may_hold_line_ends_and_the_row_counts_from_its_first_line(tmp_path: Path) -> None:
    """The next row has its right line number."""
    rows = _rows(tmp_path, HEADER + b'1,a,b,1,x,"one\r\ntwo ""2"", three"\r\n2,a,b,1,x,y\r\n')
    assert _summary(rows) == [(2, "1"), (4, "2")]
    assert isinstance(rows[0], RawRow)
    assert rows[0].cells["customer"] == 'one\r\ntwo "2", three'


@pytest.mark.parametrize("tail", [b"", b"9,a,b,1,x,y\n" * 20_000])
def test_an_unclosed_quote_refuses_its_own_row_only(tmp_path: Path, tail: bytes) -> None:
    """Neither the end of the file nor a megabyte of good rows is lost."""
    rows = _rows(tmp_path, HEADER + b'1,a,"b,1,x,y\n2,a,b,1,x,y\n3,a,b,1,x,y\n' + tail)
    assert _summary(rows)[:3] == [
        (2, "a quote is opened and not closed; close it, and write a quote inside a quoted cell twice"),
        (3, "2"),
        (4, "3"),
    ]
    assert len(rows) == 3 + tail.count(b"\n")
    assert isinstance(rows[0], Refused)
    assert rows[0].raw == '1,a,"b,1,x,y'


@pytest.mark.parametrize("lines", [300, 30_000])
def test_quoted_text_is_never_read_as_rows(tmp_path: Path, lines: int) -> None:
    """No line of a customer's comment becomes an order, for any length."""
    comments = b"9,1234,@evil,100,Pending,x\n" * lines
    rows = _rows(tmp_path, HEADER + b'1,a,b,1,x,"' + comments + b'"\n2,a,b,1,x,y\n3,a,b,1,x,y\n')
    assert [row.line for row in rows] == [2, lines + 3, lines + 4]
    assert _summary(rows)[1:] == [(lines + 3, "2"), (lines + 4, "3")]
    assert isinstance(rows[0], Refused) == (lines > 300)


def test_a_quoted_line_longer_than_a_row_is_skipped_with_its_record(tmp_path: Path) -> None:
    """Its quote is closed some lines later; none of them is a row."""
    comment = b"z" * 200_000 + b"\n9,1234,@evil,100,Pending,x\n"
    rows = _rows(tmp_path, HEADER + b'1,a,b,1,x,"' + comment + b'"\n2,a,b,1,x,y\n')
    assert _summary(rows) == [
        (2, "the row has more than 65,536 bytes, which is too long for an order"),
        (5, "2"),
    ]


@pytest.mark.parametrize("last", [b"", b'x"y\n', b'"\n'])
@pytest.mark.parametrize("line", [b'a","c\n', b'"""\n', b'a"x,"c\n'])
def test_a_file_of_broken_quotes_is_read_in_linear_time(tmp_path: Path, line: bytes, last: bytes) -> None:
    """Each line is read only a few times, for any sequence of quotes."""
    path = tmp_path / "orders.csv"
    path.write_bytes(HEADER + line * 50_000 + last)
    with OrdersFile(path) as file:
        reads = 0
        feed = CsvRows._feed

        def counted(rows: CsvRows) -> Iterator[str]:
            nonlocal reads
            for text in feed(rows):
                reads += 1
                yield text

        with patch.object(CsvRows, "_feed", counted):
            assert all(isinstance(row, Refused) for row in file)
    assert reads <= 4 * 50_000


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"1,a,b,1,x", "the row has 5 cells and the header 6; put a cell that contains ',' in quotes"),
        (b"1,a,b,1,x,y,z", "the row has 7 cells and the header 6; put a cell that contains ',' in quotes"),
        (b'1,a,"b"c,1,x,y', "something follows a closing quote; write a quote inside a quoted cell twice"),
        (b"1,a,b\r,1,x,y", "there is a carriage return inside the row; put that cell in quotes"),
        (b"1,a,\xff,1,x,y", "the line is not UTF-8; save the file as UTF-8"),
        (b'1,a,"\n\xe9",1,x,y', "the line is not UTF-8; save the file as UTF-8"),
        (
            b"1,a," + b"z" * 65_536 + b",1,x,y",
            "the row has more than 65,536 bytes, which is too long for an order",
        ),
        (
            b"1,a," + b"z" * 300_000 + b",1,x,y",
            "the row has more than 65,536 bytes, which is too long for an order",
        ),
    ],
)
def test_a_broken_csv_row_is_refused_and_the_rest_is_read(tmp_path: Path, line: bytes, problem: str) -> None:
    """The error is about the whole row."""
    rows = _rows(tmp_path, HEADER + b"0,a,b,1,x,y\n" + line + b"\n2,a,b,1,x,y\n")
    after = 4 + line.count(b"\n")
    assert _summary(rows) == [(2, "0"), (3, problem), (after, "2")]
    assert isinstance(rows[1], Refused)
    assert rows[1].field == "row"


@pytest.mark.parametrize(
    ("line", "field", "problem"),
    [
        (b"[1]", "row", 'is not an object; write it like {"order_id": "17", …}'),
        (b"12", "row", 'is not an object; write it like {"order_id": "17", …}'),
        (b'{"id": 1', "row", "is not JSON: Expecting ',' delimiter at column 9"),
        (b'{"id": 1, "id": 2}', "row", "gives the key 'id' twice; keep one"),
        (b'{"id": 1, "x": {"a": 1, "a": 1}}', "row", "gives the key 'a' twice; keep one"),
        (b'{"id": NaN}', "row", "NaN is not valid JSON; write null for a missing number"),
        (
            b'{"x": -Infinity}',
            "row",
            "-Infinity is not valid JSON; write null for a missing number",
        ),
        (b'{"id": 1, "Order ID": 2}', "order_id", "the columns 'id', 'Order ID' both mean order_id;"),
        (b'{"id": ' + b"9" * 5_000 + b"}", "row", "has a too long number, or is nested too deeply"),
        (
            b'{"id": ' + b"[" * 60_000 + b"}",
            "row",
            "has a too long number, or is nested too deeply",
        ),
        (b'{"id": "\xff"}', "row", "the line is not UTF-8; save the file as UTF-8"),
        (b'{"id": "' + b"z" * 1_048_576 + b'"}', "row", "the line has 1,048,587 bytes, which is too long"),
    ],
)
def test_a_broken_json_row_is_refused_and_the_rest_is_read(
    tmp_path: Path, line: bytes, field: str, problem: str
) -> None:
    """Only numbers, strings and null are values."""
    rows = _rows(tmp_path, b'{"id": 1}\n' + line + b'\n{"id": "3"}', "orders.ndjson")
    assert [row.line for row in rows] == [1, 2, 3]
    refused = rows[1]
    assert isinstance(refused, Refused)
    assert refused.field == field
    assert refused.problem.startswith(problem)


@pytest.mark.parametrize(
    ("line", "field", "problem"),
    [
        (b'{"id": true}', "order_id", "true is not a value for it; write a text or a number"),
        (b'{"id": 1.5}', "order_id", "1.5 has a point or an exponent; write it as text"),
        (b'{"quantity": false}', "quantity", "false is not a value for it; write a text or a number"),
        (b'{"start_count": [1]}', "start_count", "is a list or an object; write a text or a number"),
        (b'{"price": [1]}', "price", "is a list or an object; write a text or a number"),
        (b'{"price": {"cents": 1}}', "price", "is an object without a value; write a number, or leave"),
    ],
)
def test_a_json_value_that_is_no_text_is_a_fault_of_its_field(
    tmp_path: Path, line: bytes, field: str, problem: str
) -> None:
    """Whether it refuses the row depends on the field."""
    (row,) = _rows(tmp_path, line, "orders.ndjson")
    assert isinstance(row, RawRow)
    assert row.faults[field].problem.startswith(problem)


def test_json_numbers_are_read_as_written_and_null_as_empty(tmp_path: Path) -> None:
    """A price is never a float."""
    (row,) = _rows(tmp_path, b'{"id":17,"price":123456789012.123456,"start_count":null,"quantity":"5"}')
    assert isinstance(row, RawRow)
    assert row.cells == {"order_id": "17", "price": "123456789012.123456", "start_count": "", "quantity": "5"}
    assert row.raw == '{"id":17,"price":123456789012.123456,"start_count":null,"quantity":"5"}'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", b'{"id": 1}'),
        ("a.JSON", b'\xef\xbb\xbf{"id": 1}'),
        ("a.csv", b'  \n\n{"id": 1}'),
        ("a", b'{"id": 1}'),
    ],
)
def test_json_lines_are_recognised_by_name_or_first_character(
    tmp_path: Path, name: str, content: bytes
) -> None:
    """An object is never a CSV header, whatever the extension."""
    assert [row for _, row in _summary(_rows(tmp_path, content, name))] == ["1"]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.json", b'\n [{"id": 1}]', "is one JSON array; write one object a line: jq"),
        ("a.csv", "order_id,link".encode("utf-32"), "looks like UTF-32; save it as UTF-8"),
        ("a.csv", "order_id,link".encode("utf-16") + b"x", "is not valid UTF-16; save it as UTF-8"),
        ("a.csv", b"PK\x03\x04rest", "is a spreadsheet or an archive; export the orders as CSV"),
    ],
)
def test_a_file_of_another_kind_is_one_error(tmp_path: Path, name: str, content: bytes, problem: str) -> None:
    """There is no refusal for each line."""
    with pytest.raises(BadInputError, match=problem) as caught:
        _rows(tmp_path, content, name)
    assert caught.value.field == "file"


def test_the_position_reaches_the_size(tmp_path: Path) -> None:
    """A progress bar can be drawn from it."""
    path = tmp_path / "orders.csv"
    path.write_bytes(b"\xef\xbb\xbf" + HEADER + b"1,a,b,1,x,y\n" * 10)
    with OrdersFile(path) as file:
        seen = [file.position for _ in file]
        assert file.position == file.size
    assert seen == sorted(seen)


@given(st.booleans(), st.binary(max_size=400) | st.text(alphabet='",;\n\r\0{}[]:1aé').map(str.encode))
@example(True, b'"' * 7)
@example(False, b'{"id":"\\ud800"}')
def test_any_bytes_become_orders_and_refusals_with_line_numbers_and_nothing_else(
    csv_like: bool, tail: bytes
) -> None:
    """Every line is an order, refused, or part of such a row; no other error is raised."""
    content = (HEADER if csv_like else b'{"order_id": 1}\n') + tail
    with TemporaryDirectory() as folder:
        path = Path(folder, "orders.csv" if csv_like else "orders.jsonl")
        path.write_bytes(content)
        lines = [row[0].line if isinstance(row, tuple) else row.line for row in _parsed(path)]
        with OrdersFile(path) as file:
            _written(Path(folder, "rejects.csv"), file)
    assert lines == sorted(set(lines))
    assert all(1 <= line <= content.count(b"\n") + 1 for line in lines)
    if csv_like and b'"' not in tail:
        assert set(_filled(tail)) <= set(lines)


def _filled(tail: bytes) -> Iterator[int]:
    """Number the non-empty lines after the header."""
    for number, line in enumerate(tail.decode(errors="surrogateescape").split("\n"), 2):
        if any(cell.strip() for cell in line.split(",")):
            yield number


def _written(path: Path, file: OrdersFile) -> None:
    with RejectsFile(path, file.layout) as rejects:
        for row in parse_rows(file, services=SERVICES, terms={}, now=NOW, notes=Notes()):
            if isinstance(row, Refused):
                rejects.write(row)
                assert row.described("orders.csv").isprintable()


@given(st.binary(max_size=200), st.sampled_from(["a.csv", "a.jsonl"]))
def test_any_file_is_read_or_refused_as_a_whole(content: bytes, name: str) -> None:
    """The only error about a file is BadInputError."""
    with TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        try:
            rows = list(_parsed(path))
        except BadInputError:
            return
        assert all(isinstance(row, Refused) for row in rows)


def test_many_rows_need_little_memory(tmp_path: Path) -> None:
    """Only one row is in memory, also for an unclosed quote or a very long line: all would need 20 MiB."""
    path = tmp_path / "orders.csv"
    with path.open("wb") as file:
        file.write(HEADER)
        file.writelines(
            b"%d,1234,https://www.instagram.com/u%d/,100,Pending,c\n" % (n, n) for n in range(20_000)
        )
        file.write(b"1,1234," + b"x" * 40_000_000 + b"\n")
        file.write(b'2,1234,"@nasa,100,Pending,c\n')
    tracemalloc.start()
    try:
        kinds = Counter(type(row) for row in _parsed(path))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kinds == {tuple: 20_000, Refused: 2}
    assert peak < 10 * 2**20


def test_many_long_keys_need_little_memory(tmp_path: Path) -> None:
    """Every row has its own long keys; only a few names are stored."""
    path = tmp_path / "orders.jsonl"
    with path.open("w") as file:
        file.writelines(json.dumps({f"{n}{'k' * 60_000}": n, "id": n}) + "\n" for n in range(250))
    tracemalloc.start()
    try:
        with OrdersFile(path) as orders:
            assert sum(1 for _ in orders) == 250
            assert max(len(name) for name in orders.ignored) <= 60
            assert len(orders.ignored) <= 100
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10 * 2**20


def test_a_refusal_is_one_line_of_text(tmp_path: Path) -> None:
    """With the file, line, field, error and remedy."""
    path = tmp_path / "orders.csv"
    path.write_bytes(HEADER + b"17,1234,@nasa,12k,Pending,\n")
    (refused,) = _parsed(path)
    assert isinstance(refused, Refused)
    assert refused.described(path.name) == (
        "orders.csv:2: quantity: '12k' is not a whole number; write it like 12000"
    )


def test_orders_come_with_their_line_and_the_default_terms(tmp_path: Path) -> None:
    """A good row between bad ones is an order."""
    path = tmp_path / "orders.csv"
    path.write_bytes(HEADER + b"x\n17,1234,@nasa,100,Pending,\n")
    refused, good = _parsed(path)
    assert isinstance(refused, Refused)
    assert isinstance(good, tuple)
    assert good[0].line == 3
    assert good[1].terms == Terms()
