"""Every way a user's file can be wrong is one test: the sentence names file, line, value and remedy."""

from __future__ import annotations

import gzip
import lzma
import math

import numpy as np
import pandas as pd
import pytest

from common import table_text
from common.fault import Fault
from common.table import Column, contract, read_table

PUMPS = [
    Column("unit", "", -math.inf, math.inf, kind="text"),
    Column("hour", "h", 0, math.inf, kind="time"),
    Column("vibration", "mm/s", 0, 80),
    Column("starts", "", 0, 1e6, required=False, kind="integer"),
]


@pytest.fixture
def read(tmp_path):
    """Write a file and read it back."""

    def write_and_read(content: str | bytes, name: str = "pumps.csv", **how: object) -> pd.DataFrame:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_table(path, PUMPS, **how)  # type: ignore[arg-type]

    return write_and_read


def refused(read, content: str | bytes, **how: object) -> str:
    with pytest.raises(Fault) as fault:
        read(content, **how)
    return str(fault.value)


# What is read


def test_a_plain_table_has_our_names_kinds_and_line_numbers(read):
    table = read("unit,hour,vibration,starts,note\nP1,1,2.5,3,x\nP1,2,NA,4,y\n")
    assert table.index.tolist() == [2, 3]
    assert table.index.name == "line"
    assert table["unit"].tolist() == ["P1", "P1"]
    np.testing.assert_array_equal(table["vibration"], [2.5, np.nan])
    assert table.dtypes[["hour", "vibration", "starts"]].eq("float64").all()
    assert table.attrs["extra"] == ["note"]
    assert table.attrs["path"].endswith("pumps.csv")


def test_a_column_that_is_not_required_may_be_absent(read):
    assert "starts" not in read("unit,hour,vibration\nP1,1,2\n")


def test_columns_are_found_by_the_users_names_in_any_order(read):
    table = read("VIB [mm/s],pump id,t\n2.5,P1,1\n", names={"vibration": "VIB [mm/s]", "unit": "pump id", "hour": "t"})
    assert table.iloc[0].tolist() == ["P1", 1.0, 2.5]


@pytest.mark.parametrize("missing", ["-999", -999, ["-999", "bad"], [-999.0, "bad"]])
def test_missing_codes_are_read_as_missing(read, missing):
    table = read("unit,hour,vibration\nP1,1,-999\nP1,2, -999.0 \nP1,3,4\n", missing=missing)
    np.testing.assert_array_equal(table["vibration"], [np.nan, np.nan, 4])


@pytest.mark.parametrize("word", ["", "NaN", "nan", "NA", "N/A", "null", "-", " "])
def test_empty_and_usual_words_are_missing_in_a_number_column(read, word):
    assert np.isnan(read(f"unit,hour,vibration\nP1,1,{word}\n")["vibration"].iloc[0])


def test_text_stays_text(read):
    table = read("unit,hour,vibration\n007,1,2\nNA,1,2\nTrue,1,2\n 8 ,1,2\n")
    assert table["unit"].tolist() == ["007", "NA", "True", "8"]


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
@pytest.mark.parametrize("name", ["pumps.csv.gz", "pumps.csv.xz", "pumps.csv"])
def test_packed_files_are_told_by_their_content(read, pack, name):
    assert read(pack(b"unit,hour,vibration\nP1,1,2\n"), name=name)["vibration"].tolist() == [2.0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_encodings(read, encoding):
    text = "unit,hour,vibration\nPumpe Süd,1,2\n"
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    table = read(mark + text.encode(encoding))
    assert table["unit"].tolist() == ["Pumpe Süd"]
    assert len(table.attrs["repaired"]) == (encoding == "cp1252")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends(read, end, last):
    text = end.join(["unit,hour,vibration", "P1,1,2", "", "P1,2,3"]) + end * last
    table = read(text)
    assert table["vibration"].tolist() == [2.0, 3.0]
    assert table.index.tolist() == [2, 4]  # the blank line counts


@pytest.mark.parametrize(("mark", "word"), [(",", "comma"), (";", "semicolon"), ("\t", "tab"), ("|", "bar")])
def test_separators(read, mark, word):
    text = mark.join(["unit", "hour", "vibration"]) + "\n" + mark.join(["P1", "1", "2.5"]) + "\n"
    how = {} if mark != "|" else {"separator": word}
    assert read(text, **how)["vibration"].tolist() == [2.5]
    assert read(text, separator=word)["vibration"].tolist() == [2.5]
    assert read(text, separator=mark)["vibration"].tolist() == [2.5]


def test_semicolons_win_over_commas_in_names_and_decimals(read):
    table = read("unit;hour;vibration, mm/s\nP1;1;2,5\n", names={"vibration": "vibration, mm/s"}, decimal=",")
    assert table["vibration"].tolist() == [2.5]


def test_excels_separator_line_and_empty_rows(read):
    table = read("sep=;\nunit;hour;vibration;\nP1;1;2;\n;;;\nP1;2;3;\n")
    assert table["vibration"].tolist() == [2.0, 3.0]
    assert table.index.tolist() == [3, 5]


def test_quoted_values_keep_line_numbers_right(read):
    text = 'unit,hour,vibration\n"A, ""big""\npump",1,2\n"B",2,3\nC,3,99\n'
    assert "line 5: vibration = 99" in refused(read, text)
    assert read(text.replace("99", "9"))["unit"].tolist() == ['A, "big"\npump', "B", "C"]


@pytest.mark.parametrize("decimal", [",", "comma"])
def test_decimal_comma(read, decimal):
    table = read("unit;hour;vibration\nP1;1,5;2,25\nP1;2; 1e1 \n", decimal=decimal)
    assert table["vibration"].tolist() == [2.25, 10.0]


def test_long_whole_numbers(read):
    column = [Column("x", "", -math.inf, math.inf)]
    path = read("unit,hour,vibration,x\nP1,1,2,123456789012345678901234567890\n").attrs["path"]
    assert read_table(path, column)["x"].iloc[0] == pytest.approx(1.2345678901234568e29)


# What is refused


def test_missing_column_names_what_there_is_and_the_remedy(read):
    assert refused(read, "unit,hour,VIB\nP1,1,2\n") == (
        "pumps.csv has no column 'vibration' [mm/s]; it has unit, hour, VIB. "
        "Say which one it is with data.columns.vibration=YOUR_NAME"
    )


def test_missing_column_suggests_the_nearest(read):
    assert refused(read, "unit,hour,Vibration\nP1,1,2\n").endswith("data.columns.vibration=Vibration")
    assert "no column 'VIB' for 'vibration'" in refused(read, "unit,hour,v\nP1,1,2\n", names={"vibration": "VIB"})


def test_a_bundle_in_use_has_no_settings_to_name(read):
    assert "data." not in refused(read, "unit,hour,VIB\nP1,1,2\n", setting=None)
    assert "data." not in refused(read, "unit,hour,vibration\nP1,1,-999\n", setting=None)
    assert "data." not in refused(read, "unit,hour,vibration\nP1,1,off\n", setting=None)


def test_names_for_columns_we_do_not_know(read):
    text = "unit,hour,vibration\nP1,1,2\n"
    assert refused(read, text, names={"vibraton": "VIB"}).endswith("did you mean 'vibration'?")
    assert "both read from the column 'hour'" in refused(read, text, names={"vibration": "hour"})


def test_text_in_a_number_column(read):
    text = refused(read, "unit,hour,vibration\nP1,1,2\nP1,2,off\n")
    assert text.startswith("pumps.csv line 3: vibration = 'off' is not a number")
    assert "data.missing='off'" in text


@pytest.mark.parametrize("word", ["inf", "-inf", "0x10", "1_000", "٣", "True", "1 000", "--1", "1.2.3"])
def test_what_only_looks_like_a_number(read, word):
    assert f"'{word}' is not a number" in refused(read, f"unit,hour,vibration\nP1,1,{word}\n")


def test_infinity_is_outside_every_range(tmp_path):
    (tmp_path / "a.csv").write_text("x\n1\ninf\n")
    with pytest.raises(Fault, match="line 3: x = 'inf'"):
        read_table(tmp_path / "a.csv", [Column("x", "", -math.inf, math.inf)])


def test_outside_the_physical_range(read):
    assert refused(read, "unit,hour,vibration\nP1,1,2\n\nP1,2,-999\nP1,3,-999\n") == (
        "pumps.csv line 4: vibration = -999 is outside 0 to 80 mm/s (1 more such cells). "
        "Loggers write -999 for a missing reading; name it with data.missing=-999"
    )
    assert "Check the column's unit" in refused(read, "unit,hour,vibration\nP1,1,81.5\n")


def test_limits_are_inside_the_range(read):
    assert read("unit,hour,vibration\nP1,0,0\nP1,1,80\n")["vibration"].tolist() == [0.0, 80.0]


def test_a_limit_may_be_absent():
    schema = contract([Column("x", "", None, None)])  # type: ignore[arg-type]
    schema.validate(pd.DataFrame({"x": [-1e300, 1e300]}))


def test_whole_numbers(read):
    assert "starts = 1.5 is not a whole number" in refused(read, "unit,hour,vibration,starts\nP1,1,2,1.5\n")


@pytest.mark.parametrize(("row", "name"), [(",1,2", "unit"), ("P1,,2", "hour"), (" ,1,2", "unit")])
def test_names_and_times_are_never_empty(read, row, name):
    assert f"line 3: {name} is empty" in refused(read, f"unit,hour,vibration\nP1,1,2\n{row}\n")


def test_decimal_comma_and_point_mixed_up(read):
    assert "data.decimal=comma" in refused(read, "unit;hour;vibration\nP1;1;2,5\n")
    assert "data.decimal=point" in refused(read, "unit;hour;vibration\nP1;1;2.5\n", decimal=",")
    assert "no points between thousands" in refused(read, "unit;hour;vibration\nP1;1;1.234,5\n", decimal=",")
    assert "decimal=semi is not known" in refused(read, "unit,hour,vibration\n", decimal="semi")


def test_duplicate_columns(read):
    text = refused(read, "unit,hour,vibration,vibration\nP1,1,2,3\n")
    assert "two columns named 'vibration', the 3rd and the 4th" in text


@pytest.mark.parametrize("content", ["", "\n\n", b"\xef\xbb\xbf", "  \n", gzip.compress(b"", mtime=0)])
def test_empty_file(read, content):
    assert "pumps.csv is empty" in refused(read, content)


@pytest.mark.parametrize("content", ["unit,hour,vibration", "unit,hour,vibration\n\n", "unit,hour,vibration\n,,\n"])
def test_header_only(read, content):
    assert "not one row of values" in refused(read, content)


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_truncated_packed_file(read, pack):
    whole = pack(b"unit,hour,vibration\n" + b"".join(b"P%d,1,2\n" % n for n in range(5000)))
    for keep in (10, len(whole) // 2, len(whole) - 1):
        assert "pumps.csv ends in the middle" in refused(read, whole[:keep])


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_damaged_packed_file(read, pack):
    whole = bytearray(pack(b"unit,hour,vibration\n" + b"".join(b"P%d,1,2\n" % n for n in range(5000))))
    whole[len(whole) // 2] ^= 0xFF
    assert "pumps.csv" in refused(read, bytes(whole))


def test_truncated_text_file(read):
    assert "line 3 has 2 values where there are 3 column names: the file seems to be cut off" in refused(
        read, "unit,hour,vibration\nP1,1,2\nP1,2"
    )


def test_too_many_values(read):
    text = refused(read, "unit,hour,vibration\nP1,1,2,5\nP1,2,3\n", separator=",")
    assert "line 2 has 4 values where there are 3" in text
    assert "must stand in quotes" in text


def test_a_quotation_mark_that_does_not_close(read):
    assert "line 3: a quotation mark" in refused(read, 'unit,hour,vibration\nP1,1,2\n"P1,1,2\nP1,1,2\n')


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"PK\x03\x04" + b"x" * 50, "ends in the middle"),
        (b"PAR1" + b"x" * 50, "Parquet"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not a text file"),
        (b"unit,hour,vibration\nP1,1,\x002\n", "line 2"),
        (b"\xff\xfea\x00\x00", "UTF-16"),
        (bytes(range(256)), "not a text file"),
    ],
)
def test_files_that_are_no_text(read, content, word):
    assert word in refused(read, content)


def test_caps(read, monkeypatch):
    monkeypatch.setattr(table_text, "MAX_BYTES", 1000)
    bomb = gzip.compress(b"unit,hour,vibration\n" + b"0" * 100_000)
    assert "more than" in refused(read, bomb)
    assert len(bomb) < 1000
    monkeypatch.undo()
    assert "line of 2,000,001 bytes" in refused(read, b"unit,hour,vibration\n" + b"1" * 2_000_000)
    assert "5,002 columns" in refused(read, ",".join(f"c{n}" for n in range(5002)) + "\n")


def test_no_such_file_and_folder(tmp_path):
    with pytest.raises(Fault, match="there is no file"):
        read_table(tmp_path / "none.csv", PUMPS)
    with pytest.raises(Fault, match="is a folder"):
        read_table(tmp_path, PUMPS)


def test_names_of_paths_with_odd_characters(read):
    assert len(read("unit,hour,vibration\nP1,1,2\n", name="a [1]=b c'.csv")) == 1
