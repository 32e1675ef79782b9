"""A user's own tables: how files are read, where labels come from, and what each mistake is answered with."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from common.fault import Fault
from pilots.manufacturing.data.csv import CsvFleet

CHANNELS = [
    {"name": "speed", "unit": "rpm", "low": 0, "high": 4000, "role": "setting"},
    {"name": "vibration", "unit": "mm/s", "low": 0, "high": 80},
]
HEAD = "machine,time,speed,vibration\n"


def days(machine: str, first: int, last: int) -> str:
    """A row a day in March 2024; vibration is the day / 10."""
    return "".join(f"{machine},2024-03-{day:02d},2900,{day / 10}\n" for day in range(first, last + 1))


@pytest.fixture
def site(tmp_path: Path):
    """read(readings, events, **settings) -> Fleet"""

    def read(readings: str | None, events: str | None = None, **settings):
        if readings is not None:
            (tmp_path / "pumps.csv").write_text(readings, encoding="utf-8")
        if events is not None:
            (tmp_path / "book.csv").write_text(events)
            settings["events"] = str(tmp_path / "book.csv")
        return CsvFleet(**{"path": str(tmp_path / "pumps.csv"), "channels": CHANNELS, **settings}).read()

    read.folder = tmp_path
    return read


# ---- labels


def test_every_kind_of_life(site):
    readings = HEAD + days("A", 1, 20) + days("B", 1, 9) + days("C", 1, 8)
    book = (
        "machine,time,event\nA,2024-03-06,failed\nA,2024-03-10,repaired\nA,2024-03-15,replaced\nB,2024-03-09,failed\n"
    )
    fleet = site(readings, book)
    assert fleet.machine_L.tolist() == ["A", "A", "A", "B", "C"]
    assert fleet.end_L.tolist() == ["failed", "replaced", "running", "failed", "running"]
    assert fleet.length_L.tolist() == [6, 5, 5, 9, 8]  # rows of days 7 to 10 are downtime
    np.testing.assert_array_equal(fleet.rul_L, [0, np.nan, np.nan, 0, np.nan])
    assert "4 rows of downtime after failures were dropped (A: 4)" in fleet.notes
    assert not fleet.test_L.any()


def test_censored_is_never_zero(site):
    book = "machine,time,event\nA,2024-03-20,replaced\nB,2024-03-09,repaired\n"
    fleet = site(HEAD + days("A", 1, 20) + days("B", 1, 9), book)
    assert fleet.end_L.tolist() == ["replaced", "repaired"]
    assert np.isnan(fleet.rul_LT()).all()


def test_an_acknowledged_alarm_ends_no_life(site):
    fleet = site(HEAD + days("A", 1, 20), "machine,time,event\nA,2024-03-06,Acknowledged\nA,2024-03-20,failed\n")
    assert (fleet.lives, fleet.end_L.tolist(), fleet.rul_L.tolist()) == (1, ["failed"], [0.0])


def test_no_events_means_running(site):
    fleet = site(HEAD + days("A", 1, 20))
    assert fleet.end_L.tolist() == ["running"]
    assert any("only anomaly detection is possible" in note for note in fleet.notes)


def test_failure_after_the_log_stopped(site):
    """Three whole rows would still have come before the failure: they are rows left, not nothing."""
    fleet = site(HEAD + days("A", 1, 10), "machine,time,event\nA,2024-03-13 18:00,failed\n")
    assert fleet.rul_L.tolist() == [3]
    assert "the log stops before the failure, by so many rows: A: 3" in fleet.notes


def test_failure_and_repair_on_one_day(site):
    book = "machine,time,event\nA,2024-03-06,repaired\nA,2024-03-06,failed\n"
    assert site(HEAD + days("A", 1, 9), book).end_L.tolist() == ["failed", "running"]


def test_rows_after_the_last_failure_are_downtime(site):
    fleet = site(HEAD + days("A", 1, 20), "machine,time,event\nA,2024-03-06,failed\n")
    assert fleet.length_L.tolist() == [6]
    assert "14 rows of downtime after failures were dropped (A: 14)" in fleet.notes


def test_the_books_own_words_and_dates(site):
    book = "Asset;Date;Action\nA;06/03/2024;Breakdown\nA;13/03/2024;new pump\n"
    words = {"failed": ["breakdown", "trip"], "replaced": "New pump"}
    columns = {"machine": "Asset", "time": "Date", "event": "Action"}
    fleet = site(HEAD + days("A", 1, 20), book, book={"columns": columns, "words": words})
    assert fleet.end_L.tolist() == ["failed", "running"]
    assert fleet.length_L.tolist() == [6, 7]


BOOKS = {
    "unknown machine": (
        "A1,2024-03-05,failed",
        "book.csv line 2: machine 'A1' has no readings; those with readings are A",
    ),
    "before the first row": (
        "A,2024-02-05,failed",
        "book.csv line 2: A failed at 2024-02-05, before its first",
    ),
    "unknown word": ("A,2024-03-05,exploded", "book.csv line 2: event = 'exploded' must be one of failed, replaced"),
    "failed twice": (
        "A,2024-03-05,failed\nA,2024-03-09,failed",
        "line 3: A failed again without having been mended after",
    ),
    "a number as time": ("A,5,failed", "book.csv: time must be a date as in the readings, but it is a number"),
    "no word": ("A,2024-03-05,", "book.csv line 2: event is empty"),
}


@pytest.mark.parametrize("what", BOOKS)
def test_a_mistake_in_the_book(site, what):
    lines, words = BOOKS[what]
    with pytest.raises(Fault) as fault:
        site(HEAD + days("A", 1, 20), "machine,time,event\n" + lines + "\n")
    assert words in str(fault.value)


# ---- reading


def test_sorted_with_a_note(site):
    rows = days("A", 1, 9).splitlines(keepends=True)
    fleet = site(HEAD + "".join(rows[::-1]) + days("B", 1, 4))
    np.testing.assert_allclose(fleet.x_RF[:9, 1], np.arange(1, 10) / 10)
    assert any("out of order at 8 places" in note for note in fleet.notes)
    assert (np.diff(fleet.time_R[:9]) > np.timedelta64(0)).all()


def test_machines_row_by_row_need_no_note(site):
    mixed = [
        row for pair in zip(days("A", 1, 5).splitlines(), days("B", 1, 5).splitlines(), strict=True) for row in pair
    ]
    fleet = site(HEAD + "\n".join(mixed) + "\n")
    assert fleet.length_L.tolist() == [5, 5]
    assert not any("out of order" in note for note in fleet.notes)


def test_double_stamp_names_both_lines(site):
    with pytest.raises(Fault, match=r"pumps.csv line 11: A at 2024-03-04 stands already in pumps.csv line 5"):
        site(HEAD + days("A", 1, 9) + "A,2024-03-04,2900,1\n")


def test_double_stamp_of_the_autumn_night(site):
    rows = "A,2024-10-27 01:30,2900,1\nA,2024-10-27 01:30,2900,2\n"
    with pytest.raises(Fault, match="clock went back"):
        site(HEAD + rows)


def test_a_german_logger(site):
    readings = "Pumpe;Zeit;Drehzahl;Schwingung;Notiz\nP1;01.03.2024 06:00;2900;1,25;\nP1;02.03.2024 06:00;2910;-999;x\n"
    columns = {"machine": "Pumpe", "time": "Zeit", "speed": "Drehzahl", "vibration": "Schwingung"}
    fleet = site(readings, columns=columns, decimal="comma", missing=[-999], row_unit="day")
    np.testing.assert_array_equal(fleet.x_RF, [[2900, 1.25], [2910, np.nan]])
    assert "pumps.csv: columns not used: Notiz" in fleet.notes
    assert fleet.table["columns"] == columns
    assert fleet.table["decimal"] == "comma"
    assert fleet.table["missing"] == ["-999"]


def test_zones_are_put_on_one_clock(site):
    fleet = site(HEAD + "A,2024-07-01T11:00Z,2900,1\nA,2024-07-01T14:00+01:00,2900,1\n", timezone="Europe/London")
    assert fleet.time_R.astype("datetime64[h]").astype(str).tolist() == ["2024-07-01T12", "2024-07-01T14"]


def test_several_files_and_a_pattern(site):
    (site.folder / "log [1].csv").write_text(HEAD + days("A", 1, 5))
    (site.folder / "log 2.csv.gz").write_bytes(gzip.compress((HEAD + days("A", 6, 9)).encode()))
    for path in (str(site.folder / "log*"), [str(site.folder / "log 2.csv.gz"), str(site.folder / "log [1].csv")]):
        assert site(None, path=path).length_L.tolist() == [9]
    with pytest.raises(Fault, match=r"no file fits data.path=.*nothing\*"):
        site(None, path=str(site.folder / "nothing*"))


def test_the_line_is_that_of_its_own_file(site):
    (site.folder / "log1.csv").write_text(HEAD + days("A", 1, 5))
    (site.folder / "log2.csv").write_text(HEAD + days("A", 5, 9))
    with pytest.raises(Fault, match=r"log2.csv line 2: A at .* stands already in log1.csv line 6"):
        site(None, path=str(site.folder / "log?.csv"))


def test_numbers_as_time(site):
    readings = HEAD + "".join(f"7,{hour},2900,1\n" for hour in range(0, 80, 8))
    with pytest.raises(Fault, match="rows_per_month"):
        site(readings)
    fleet = site(readings, "machine,time,event\n7,72,failed\n", rows_per_month=90)
    assert (fleet.rows_per_month, fleet.machine_L.tolist(), fleet.rul_L.tolist()) == (90, ["7"], [0])


def test_rows_per_month_from_the_dates(site):
    assert site(HEAD + days("A", 1, 9)).rows_per_month == pytest.approx(30.4, abs=0.05)


READINGS = {
    "missing column": ("machine,time,speed,VIB\nA,2024-03-01,1,1\n", "no column 'vibration' [mm/s]"),
    "impossible value": (HEAD + "A,2024-03-01,2900,-999\n", "vibration = -999 is outside 0 to 80 mm/s"),
    "text": (HEAD + "A,2024-03-01,2900,1.2\nA,2024-03-02,2900,high\n", "pumps.csv line 3"),
    "no machine": (HEAD + ",2024-03-01,2900,1.2\n", "pumps.csv line 2: machine is empty"),
    "day or month": (HEAD + "A,03/04/2024,2900,1.2\n", "data.date_format"),
    "header only": (HEAD, "not one row"),
    "one row": (HEAD + "A,2024-03-01,2900,1.2\n", "no machine has two rows"),
}


@pytest.mark.parametrize("what", READINGS)
def test_a_mistake_in_the_readings(site, what):
    text, words = READINGS[what]
    with pytest.raises(Fault) as fault:
        site(text)
    assert words in str(fault.value)


SETTINGS = {
    "unknown word": ([{"name": "a", "units": "mm"}], "'units' is not known"),
    "no sensor": ([{"name": "a", "role": "setting"}], "names no sensor"),
    "twice": ([{"name": "a"}, {"name": "a"}], "names a twice"),
    "role": ([{"name": "a", "role": "label"}], "role of a must be setting or sensor"),
    "limits": ([{"name": "a", "low": 5, "high": 1}], "low of a must be below its high"),
    "reserved": ([{"name": "time"}], "needs a name of its own"),
    "reserved, too": ([{"name": "line"}], "needs a name of its own"),
}


@pytest.mark.parametrize("what", SETTINGS)
def test_a_mistake_in_the_channels(what):
    channels, words = SETTINGS[what]
    with pytest.raises(ValueError, match=words):
        CsvFleet("x.csv", channels)


def test_limits_may_be_left_out(site):
    fleet = site(HEAD + days("A", 1, 4), channels=[{"name": "vibration"}])
    assert (fleet.channels[0].low, fleet.channels[0].high) == (-np.inf, np.inf)


def test_settings_stand_first(site):
    fleet = site(HEAD + days("A", 1, 4), channels=CHANNELS[::-1])
    assert [c.name for c in fleet.channels] == ["speed", "vibration"]
    np.testing.assert_array_equal(fleet.x_RF[0], np.float32([2900, 0.1]))
