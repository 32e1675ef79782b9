"""1,234 is a whole number with a mark between thousands, as whole numbers have no decimal mark."""

from __future__ import annotations

import pytest

from common.fault import Fault
from common.table import Column, read_table

COLUMNS = [Column("starts", "", 0, 1e9, kind="integer"), Column("speed", "m/s", 0, 1e9)]


@pytest.fixture
def read(tmp_path):
    def read(text: str, **how: str):
        (tmp_path / "pumps.csv").write_text(text)
        return read_table(tmp_path / "pumps.csv", COLUMNS, **how)  # type: ignore[arg-type]

    return read


def test_marks_are_left_out_and_that_is_said(read):
    table = read('starts,speed\n"12,345",2\n7,2\n')
    assert table["starts"].tolist() == [12345, 7]
    assert table.attrs["repaired"] == ["starts: marks between thousands were left out, 12,345 is 12345"]
    assert read("starts;speed\n1.234.567;2,5\n", decimal="comma")["starts"].tolist() == [1234567]


@pytest.mark.parametrize("row", ['"12,34",2', '"1234,567",2', '",123",2', '"1,234.5",2', '1,"12,345"'])
def test_anything_else_is_no_number(read, row):
    with pytest.raises(Fault, match="not a number"):
        read(f"starts,speed\n{row}\n")
