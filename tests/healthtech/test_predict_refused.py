"""What `pilot-predict` refuses with a bundle of this pilot: one sentence, its place and remedy, and nothing left."""

from __future__ import annotations

from pathlib import Path

import made_bundle
import pytest

from common.bundle.open import Bundle, open_bundle
from common.fault import Fault
from common.predict import predict
from pilots.healthtech.use.answer import answer


@pytest.fixture(scope="module")
def hourly(hourly_run) -> Bundle:
    return open_bundle(hourly_run / "bundle")


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return made_bundle.hours().to_csv(index=False).splitlines()


def exchanged(number: int, line: str):
    return lambda lines: [*lines[: number - 1], line, *lines[number:]]


FILES = [
    (exchanged(4, "02/06/2025 00:00,south,Hill,-3"), "counts.csv line 4.*-3 .*below 0"),
    (exchanged(4, "02/06/2025 00:00,south,Hill,2.5"), "counts.csv line 4.*2.5.*whole"),
    (exchanged(4, "02/06/2025 00:00,south,Hill,many"), "counts.csv line 4.*'many' is not a number"),
    (exchanged(4, "31/02/2025 00:00,south,Hill,3"), "counts.csv line 4.*31/02/2025.*correct it"),
    (exchanged(4, "yesterday,south,Hill,3"), "counts.csv line 4.*'yesterday' is not a time"),
    (exchanged(4, "02/06/2025 00:30,south,Hill,3"), "counts.csv line 4.*inside an hour"),
    (exchanged(4, "02/06/2025 00:00,south,Hill,40000"), "counts.csv line 4.*40000 is above .*correct it"),
    (exchanged(4, "02/06/2025 00:00,=north,River & Sea,3"), "counts.csv line 4.*second count of its hour"),
    (exchanged(1, "when,site,trust,arrivals"), "counts.csv has no column 'n'.*it has when, site, trust, arrivals"),
    (exchanged(1, "stamp,site,trust,n"), "counts.csv has no column 'when'"),
    (lambda lines: [lines[0], *(f"{n:02d}/06/2025,south,Hill,3" for n in range(10, 20))], "24 hours apart"),
    (lambda lines: ["time,value,series", "01/02/2025 00:00,3,south", "01/02/2025 01:00,3,south"], "day/month"),
    (lambda lines: ["time,value,series", *(f"2025-06-02T{h:02d}:00,3,south wing" for h in range(24))],
     "has not learnt the series 'south wing'.*did you mean 'south'"),
    (lambda lines: ["time,ward 1", *(f"2025-06-02T{h:02d}:00,3" for h in range(24))],
     "has not learnt the series 'ward 1'.*known: .*=north, south"),
    (lambda lines: [lines[0]], "not one row of values"),
    (lambda lines: [lines[0], *(line[: line.rindex(",")] + "," for line in lines[1:])], "not one count"),
]  # fmt: skip
WORDS = [
    (["--level", "many"], "--level many is not a count"),
    (["--level", "-1"], "--level -1 is not a count"),
    (["--level", "inf"], "--level inf is not a count"),
    (["--level", "100000"], "--level 100000 is not a count from 0 to"),
    (["--level", "sout=4"], "no series 'sout': did you mean 'south'"),
    (["--from", "soon"], "--from soon is no date"),
    (["--from", "2025-08-20T06:00Z"], "wall clock"),
    (["--from", "2025-08-20T06:30"], "lies inside a hour: name its start, 2025-08-20T06"),
    (["--from", "2045-01-01"], "holds no count of the .* hours before 2045-01-01T00.*it runs from 2025-06-02T00"),
    (["--from", "2025-06-01"], "holds no count"),
    (["--samples", "9"], "--samples is not an option"),
]


@pytest.mark.parametrize(("change", "sentence"), FILES)
def test_a_file_that_cannot_be_meant_is_refused(hourly, lines, tmp_path, change, sentence):
    path = tmp_path / "counts.csv"
    path.write_text("\n".join(change(lines)) + "\n", encoding="utf-8")
    with pytest.raises(Fault, match=sentence) as refused:
        answer(hourly, path)
    said = str(refused.value)
    assert "\n" not in said
    assert "data." not in said  # there are no settings here to be named


@pytest.mark.parametrize(("words", "sentence"), WORDS)
def test_an_option_that_cannot_be_meant_is_refused(hourly, hourly_run, words, sentence):
    with pytest.raises(Fault, match=sentence):
        answer(hourly, hourly_run.parents[2] / "counts.csv", words)


def test_a_day_ahead_without_what_must_be_known_of_it(daily_run, tmp_path):
    bundle, table = open_bundle(daily_run / "bundle"), made_bundle.days()
    path = tmp_path / "counts.csv"
    table.assign(visits=table["visits"].where(table.index < len(table) - 9).astype("Int64")).to_csv(path, index=False)
    with pytest.raises(Fault, match=r"no 'temp' for 2024-10-27; it must be known for each of the 12 days ahead: add"):
        answer(bundle, path)
    table.drop(columns="temp").to_csv(path, index=False)
    with pytest.raises(Fault, match="no column 'temp'"):
        answer(bundle, path)


def test_nothing_is_left_where_something_was_refused(hourly_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("counts.csv").write_text("when,site,trust,n\n02/06/2025 00:00,south,Hill,-3\n", encoding="utf-8")
    with pytest.raises(Fault, match="line 2"):
        predict([str(hourly_run), "counts.csv", "--out", "out"])
    assert [path.name for path in tmp_path.iterdir()] == ["counts.csv"]
