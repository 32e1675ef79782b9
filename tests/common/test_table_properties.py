"""Properties of the table reader: what was written is read, and no file at all gets past a Fault."""

from __future__ import annotations

import csv
import gzip
import io
import lzma
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from common.fault import Fault
from common.table import Column, read_table

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
LETTERS = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="\ufeff")
NAMES = st.text(LETTERS, min_size=1, max_size=12).filter(lambda name: name == name.strip() and name)
NUMBERS = st.floats(-1e12, 1e12, allow_nan=False) | st.just(math.nan) | st.integers(-(10**9), 10**9).map(float)
COLUMNS = [Column("unit", "", -math.inf, math.inf, kind="text"), Column("x", "V", -1e12, 1e12)]


def table_or_fault(path: Path, columns: list[Column]) -> pd.DataFrame | None:
    """The table, or None where a Fault about this file was raised; anything else fails the test."""
    try:
        return read_table(path, columns)
    except Fault as fault:
        if not str(fault).startswith("table "):
            raise
        return None


@QUICK
@given(
    rows=st.lists(st.tuples(NAMES, NUMBERS), min_size=1, max_size=20),
    separator=st.sampled_from([",", ";", "\t"]),
    decimal=st.sampled_from([".", ","]),
    pack=st.sampled_from([bytes, gzip.compress, lzma.compress]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_was_written_is_read(tmp_path, rows, separator, decimal, pack, encoding, quoting):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, quoting=quoting)
    writer.writerow(["unit", "x"])
    for name, x in rows:
        writer.writerow([name, "" if math.isnan(x) else repr(x).replace(".", decimal)])
    path = tmp_path / "table"
    path.write_bytes(pack(text.getvalue().encode(encoding)))
    table = read_table(path, COLUMNS, separator=separator, decimal=decimal)
    assert table["unit"].tolist() == [name for name, _ in rows]
    np.testing.assert_array_equal(table["x"], [x for _, x in rows])
    assert table.index.tolist() == list(range(2, len(rows) + 2))


@QUICK
@example(b"\xa0")  # bytes that are no text at all leave no line to look at
@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_give_a_table_or_a_fault(tmp_path, content):
    (tmp_path / "table").write_bytes(content)
    with pytest.raises(Fault):
        read_table(tmp_path / "table", COLUMNS)


@QUICK
@given(body=st.text(st.sampled_from('P1,;\n\r"\t -.eNaT/:Z'), max_size=120), columns=st.sampled_from([COLUMNS, None]))
def test_any_body_gives_a_table_or_a_fault(tmp_path, body, columns):
    columns = columns or [Column("unit", "", -math.inf, math.inf, kind="time"), *COLUMNS[1:]]
    (tmp_path / "table").write_text("unit,x\n" + body, encoding="utf-8", newline="")
    table = table_or_fault(tmp_path / "table", columns)
    if table is not None:
        assert np.isfinite(table["x"].dropna()).all()
        assert table["unit"].notna().all()


@QUICK
@given(
    at=st.floats(0, 1, exclude_max=True), bits=st.integers(1, 255), pack=st.sampled_from([gzip.compress, lzma.compress])
)
def test_a_damaged_pack_is_a_fault_or_the_same_table(tmp_path, at, bits, pack):
    whole = bytearray(pack(b"unit,x\n" + b"".join(b"P%d,%d\n" % (n, n) for n in range(200))))
    whole[int(at * len(whole))] ^= bits
    (tmp_path / "table").write_bytes(whole)
    table = table_or_fault(tmp_path / "table", COLUMNS)
    assert table is None or table["x"].tolist() == list(range(200))


@QUICK
@given(keep=st.floats(0, 1, exclude_max=True), pack=st.sampled_from([gzip.compress, lzma.compress]))
def test_a_cut_pack_is_a_fault(tmp_path, keep, pack):
    whole = pack(b"unit,x\n" + b"".join(b"P%d,%d\n" % (n, n) for n in range(200)))
    (tmp_path / "table").write_bytes(whole[: int(keep * len(whole))])
    with pytest.raises(Fault, match=r"^table "):
        read_table(tmp_path / "table", COLUMNS)
