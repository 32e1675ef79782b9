"""The calendar: days known by heart, the user's own school table, and one definition in NumPy, torch and ONNX."""

from datetime import date

import numpy as np
import pytest
import torch

from common.bundle.session import Session
from common.export.torch import to_onnx
from common.fault import Fault
from pilots.healthtech.calendar import DAY, Calendar
from pilots.healthtech.calendar_graph import CalendarTable
from pilots.healthtech.school import read_school, school_holidays


def columns(calendar: Calendar, day: str) -> set[str]:
    row_K = calendar.at(np.datetime64(day, "s").astype(np.int64))
    return {name for name, value in zip(calendar.names_K, row_K, strict=True) if value}


@pytest.fixture(scope="module")
def england():
    return Calendar.make(2018, 2026)


@pytest.mark.parametrize(
    ("day", "wanted"),
    [
        ("2024-03-28", {"day_before", "school_holiday"}),  # Maundy Thursday
        ("2024-03-29", {"bank_holiday", "school_holiday"}),
        ("2024-03-31", {"long_weekend", "school_holiday"}),  # Easter Sunday is no bank holiday
        ("2024-04-01", {"bank_holiday", "school_holiday"}),
        ("2024-04-02", {"day_after", "school_holiday"}),
        ("2020-05-04", set()),  # the early May holiday was moved
        ("2020-05-08", {"bank_holiday"}),  # to here
        ("2022-12-25", {"long_weekend", "christmas_day", "school_holiday"}),  # a Sunday
        ("2022-12-27", {"bank_holiday", "between_the_years", "school_holiday"}),  # its substitute
        ("2024-12-31", {"day_before", "new_years_eve", "school_holiday"}),
        ("2025-01-01", {"bank_holiday", "new_years_day", "school_holiday"}),
        ("2024-11-13", set()),
    ],
)
def test_days_known_by_heart(england, day, wanted):
    assert columns(england, day) == wanted
    assert columns(england, f"{day}T23:59:59") == wanted


@pytest.mark.parametrize(
    ("country", "nation", "day", "is_holiday"),
    [
        ("GB", "Scotland", "2024-01-02", True),
        ("GB", "England", "2024-01-02", False),
        ("GB", "Wales", "2024-08-26", True),
        ("GB", "Scotland", "2024-08-26", False),
        ("GB", "Northern Ireland", "2024-07-12", True),
        ("US", "IA", "2024-07-04", True),
    ],
)
def test_each_nation_has_its_own(country, nation, day, is_holiday):
    calendar = Calendar.make(2024, 2024, country, nation)
    assert ("bank_holiday" in columns(calendar, day)) == is_holiday
    assert len(calendar.names_K) <= 20
    assert set(np.unique(calendar.table_DK)) == {0, 1}


def test_from_the_year_before_the_first_to_ten_after_the_last():
    time_T = np.array(["2019-03-04", "2021-05-06"], "datetime64[s]")
    calendar = Calendar.around(time_T)
    assert calendar.first == date(2018, 1, 1).toordinal() - date(1970, 1, 1).toordinal()
    assert np.datetime64(calendar.last_second, "s") == np.datetime64("2031-12-31T23:59:59")
    np.testing.assert_array_equal(calendar.at(np.array([0, 10**11])), calendar.table_DK[[0, -1]])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"country": "UKK"}, "calendar.country=UKK has no calendar here: did you mean"),
        ({"nation": "Scottland"}, "calendar.nation=Scottland is not a part of GB .*did you mean 'Scotland'"),
    ],
)
def test_an_unknown_place_is_refused(words, sentence):
    with pytest.raises(Fault, match=sentence):
        Calendar.make(2024, 2024, **words)


def test_numpy_torch_and_onnx_read_the_same(england):
    table = CalendarTable(england)

    class Both(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.table = table

        def forward(self, when):
            return self.table(when), self.table.out_of_date(when)

    graph = Session(
        to_onnx(Both(), {"when": torch.arange(4) * DAY}, {"when": {0: "time"}}, ["row", "late"]).SerializeToString()
    )
    rng = np.random.default_rng(0)
    inside = rng.integers(england.first * DAY, england.last_second, 5000)
    edges = [england.first * DAY, england.last_second, england.first * DAY - 1, 0, -5, DAY - 1, DAY]
    for when, late in ((np.append(inside, edges), False), (np.append(inside, england.last_second + 1), True)):
        wanted = england.at(when)
        np.testing.assert_array_equal(table(torch.from_numpy(when)).numpy(), wanted)
        said = graph.run({"when": when})
        np.testing.assert_array_equal(said["row"], wanted)
        assert said["late"] == table.out_of_date(torch.from_numpy(when)).item() == late
    assert table(torch.from_numpy(inside).reshape(50, 100)).shape == (50, 100, len(england.names_K))


def test_school_weeks_of_the_rule():
    rows = {(str(a), str(b)) for a, b, _ in school_holidays(2024, 2024, "England")}
    assert ("2024-02-10", "2024-02-18") in rows
    assert ("2024-07-20", "2024-09-01") in rows
    assert school_holidays(2024, 2024, "IA") == []
    for nation in ("England", "Scotland", "Wales", "Northern Ireland"):
        rows = school_holidays(2000, 2060, nation)
        days = np.array([(b - a).days + 1 for a, b, _ in rows])
        assert all(rows[i][1] < rows[i + 1][0] for i in range(len(rows) - 1))  # no day twice
        assert 80 < days.sum() / 61 < 112  # days a year, weekends included
    assert Calendar.make(2024, 2024, "US", "IA").table_DK[:, -1].sum() == 0


def test_a_table_of_ones_own(tmp_path):
    path = tmp_path / "school.csv"
    path.write_text("from,to,name\n2024-02-19,2024-02-23,half-term\n2024-07-24,2024-08-30,summer\n")
    own = Calendar.make(2023, 2025, school=str(path))
    assert columns(own, "2024-02-20") == columns(own, "2024-08-30") == {"school_holiday"}
    assert columns(own, "2024-02-14") == {"school_holiday"}  # before its first day the rule goes on
    assert columns(own, "2024-05-30") == set()  # within it only its rows count
    assert columns(own, "2024-10-29") == {"school_holiday"}  # after its last day the rule goes on
    path.write_text("to;from\n23/02/2024;19/02/2024\n")
    assert [row[:2] for row in read_school(str(path), [])] == [(date(2024, 2, 19), date(2024, 2, 23))]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("2024-02-23,2024-02-19,x", "line 2: to = 2024-02-19 lies before from = 2024-02-23: exchange them"),
        ("2024-02-19,2024-02-23,x\n2024-02-23,2024-03-01,y", "line 3: from = 2024-02-23 overlaps the row above"),
        ("2024-07-01,2024-07-09,x\n2024-02-19,2024-02-23,y", "line 3: from = 2024-02-19 begins before the row above"),
        ("2024-02-19,2025-02-23,x", "line 2: 2024-02-19 to 2025-02-23 are 371 days; no school"),
        ("2024-02-19,,x", "line 2: to"),
        ("soon,later,x", "line 2: from = 'soon'"),
        ("1,2,x", "line 2: from = 1 is not a date"),
        ("", "not one row"),
    ],
)
def test_a_school_table_that_cannot_be_is_refused(tmp_path, rows, sentence):
    path = tmp_path / "school.csv"
    path.write_text(f"from,to,name\n{rows}\n")
    with pytest.raises(Fault, match=sentence) as said:
        Calendar.make(2024, 2024, school=str(path))
    assert "school.csv" in str(said.value)
    assert "\n" not in str(said.value)


def test_a_school_table_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(Fault, match=r"none\.csv"):
        Calendar.make(2024, 2024, school=str(tmp_path / "none.csv"))
