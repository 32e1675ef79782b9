"""Long and wide exports to rows: known answers by hand, causality, and a sentence for every mistake."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some

from common.fault import Fault
from common.historian.export import Export
from common.historian.read import read_history
from common.historian.resample import Readings, resample
from common.table import Column

COLUMNS = [
    Column("machine", "", -np.inf, np.inf, kind="text"),
    Column("time", "", -np.inf, np.inf, kind="time"),
    Column("speed", "rpm", 0, 4000),
    Column("vibration", "mm/s", 0, 80),
]
LONG = """\
tag,time,value
P1.speed,2024-03-01 00:10,2900
P1.vibration,2024-03-01 00:20,1
P1.vibration,2024-03-01 00:50,3
P1.vibration,2024-03-01 01:00,5
P1.vibration,2024-03-01 01:01,8
P1.vibration,2024-03-01 05:00,9
"""
DOT = {"template": "{machine}.{channel}"}


@pytest.fixture
def read(tmp_path):
    """read(text, layout, tags, quality, **form) -> rows as text, and the notes"""

    def run(text: str, layout: str = "long", tags=DOT, quality=None, names=None, **form):
        (tmp_path / "export.csv").write_text(text, encoding="utf-8")
        export = Export.of(layout, None if layout == "wide" and tags is DOT else tags, quality)
        table, notes, _ = read_history([tmp_path / "export.csv"], COLUMNS, export, names=names or {}, **form)
        return table, notes

    return run


def rows(table: pd.DataFrame) -> list[str]:
    return [
        f"{machine} {time:%d %H:%M} {speed:g} {vibration:g}"
        for machine, time, speed, vibration in table[["machine", "time", "speed", "vibration"]].itertuples(index=False)
    ]


def test_a_row_a_step_apart(read):
    """00:20, 00:50 and 01:00 lie in the step that ends at 01:00; 01:01 in the next; nothing between is made up."""
    table, _ = read(LONG, tags={**DOT, "step": "1h"})
    assert rows(table) == ["P1 01 01:00 2900 5", "P1 01 02:00 nan 8", "P1 01 05:00 nan 9"]
    assert table["line"].tolist() == [5, 6, 7]
    table, _ = read(LONG, tags={**DOT, "step": "1h", "take": "mean"})
    assert rows(table)[0] == "P1 01 01:00 2900 3"


def test_a_value_is_held_no_longer_than_stated(read):
    table, _ = read(LONG, tags={**DOT, "step": "1h", "hold": "2h"})
    assert rows(table) == [
        "P1 01 01:00 2900 5",
        "P1 01 02:00 2900 8",  # speed of 00:10 stands until 02:10
        "P1 01 03:00 nan 8",  # vibration of 01:01 until 03:01
        "P1 01 05:00 nan 9",  # and no row after the machine's last reading
    ]


def test_a_bad_reading_ends_the_hold_and_is_no_number(read):
    text = "tag,time,value,q\n" + "".join(
        f"P1.{tag},2024-03-01 0{hour}:00,{value},{q}\n"
        for tag, hour, value, q in [
            ("speed", 1, 2900, "Good"),
            ("speed", 5, 2900, "Good"),
            ("vibration", 1, 4, "Good"),
            ("vibration", 3, "Bad Input", "Bad"),
            ("vibration", 5, 6, "Uncertain"),
        ]
    )
    table, notes = read(text, tags={**DOT, "step": "1h", "hold": "9h"}, quality={"column": "q"})
    assert [row[-1] for row in rows(table)] == ["4", "4", "n", "n", "6"]
    assert "export.csv: 1 readings of bad quality were taken as missing" in notes
    assert "export.csv: 1 readings of uncertain quality were kept" in notes
    table, notes = read(text, tags={**DOT, "step": "1h"}, quality={"column": "q", "uncertain": "drop"})
    assert rows(table)[-1] == "P1 01 05:00 2900 nan"
    assert "export.csv: 1 readings of uncertain quality were taken as missing" in notes


def test_without_a_step_every_stamp_is_a_row(read):
    table, _ = read(LONG)
    assert rows(table)[:2] == ["P1 01 00:10 2900 nan", "P1 01 00:20 nan 1"]
    assert len(table) == 6


def test_the_order_of_the_file_does_not_matter(read):
    head, *lines = LONG.splitlines()
    mixed = "\n".join([head, *(lines[at] for at in (5, 2, 0, 4, 1, 3))])
    tags = {**DOT, "step": "1h", "hold": "1h"}
    pd.testing.assert_frame_equal(
        read(mixed, tags=tags)[0].drop(columns="line"), read(LONG, tags=tags)[0].drop(columns="line")
    )


def test_numbers_as_time(read):
    text = "machine,tag,time,value\n" + "".join(f"7,vibration,{t / 10},{t}\n7,speed,{t / 10},1\n" for t in range(1, 9))
    table, _ = read(text, tags={"step": 0.3, "hold": 0.1})
    assert table["time"].tolist() == pytest.approx([0.3, 0.6, 0.9])
    assert table["vibration"].tolist() == [3, 6, 8]


def test_tags_by_name(read):
    text = "Asset,point,t,pv\nP1,VIB,2024-03-01,1\nP1,SPD,2024-03-01,2900\nP1,STATE,2024-03-01,Running\n"
    names = {"machine": "Asset", "tag": "point", "time": "t", "value": "pv", "vibration": "VIB", "speed": "SPD"}
    table, notes = read(text, tags={}, names=names)
    assert rows(table) == ["P1 01 00:00 2900 1"]
    assert notes == ["export.csv: tags not used: STATE"]


def test_a_quality_column_that_nobody_named_is_told(read):
    text = "machine,time,speed,vibration,OPCQuality\nP1,2024-03-01,2900,1.5,24\n"
    assert read(text, "wide")[1] == [
        "export.csv: columns not used: OPCQuality",
        "export.csv: 'OPCQuality' seems to say which readings are bad: if so, name it with quality.column",
    ]


def test_readings_that_stand_there_twice(read):
    _, notes = read(LONG + "P1.speed,2024-03-01 00:10,2900.0\n")
    assert notes == ["1 readings stood there twice with the same value: each was taken once"]
    with pytest.raises(Fault) as fault:
        read(LONG + "P1.speed,2024-03-01 00:10,2901\n")
    assert str(fault.value) == (
        "export.csv line 8: speed of P1 at 2024-03-01 00:10:00 is 2901, but 2900 in export.csv line 2. Keep one of them"
    )


@given(
    some.lists(
        some.tuples(some.sampled_from("AB"), some.sampled_from("xy"), some.integers(1, 60), some.integers(-1, 9)),
        min_size=1,
        max_size=30,
        unique_by=lambda reading: reading[:3],
    ),
    some.integers(1, 60),
    some.sampled_from([0.0, 4.0, 25.0]),
    some.sampled_from(["last", "mean"]),
    some.lists(some.tuples(some.sampled_from("AB"), some.integers(1, 60)), max_size=3),
)
def test_nothing_leaks_from_the_future(found, now, hold, take, stopped):
    """Rows up to now are the same whether or not the file goes on; -1 stands for a bad reading."""

    def table(until: int) -> pd.DataFrame:
        frame = pd.DataFrame(
            [(m, c, float(t), np.nan if v < 0 else float(v), 0, t) for m, c, t, v in sorted(found) if t <= until],
            columns=["machine", "channel", "time", "value", "file", "line"],
        )
        stops = pd.DataFrame([(m, float(t)) for m, t in stopped if t <= until], columns=["machine", "time"])
        return resample(Readings(frame, stops), ["x", "y"], 5.0, hold, take) if len(frame) else None

    whole, cut = table(99), table(now)
    if cut is None:
        return
    cut = cut[cut["time"] <= now]
    merged = cut.merge(whole, on=["machine", "time"], how="left", suffixes=("", "_whole"), indicator=True)
    assert (merged["_merge"] == "both").all()
    for channel in "xy":
        np.testing.assert_array_equal(merged[channel], merged[f"{channel}_whole"])


def test_one_quality_column_per_channel(read):
    text = (
        "machine,time,speed,VIB,speed_quality,VIB_quality\n"
        "P1,2024-03-01,2900,1.5,192,192\nP1,2024-03-02,2900,-9999,192,24\nP1,2024-03-03,99999,1.5,0,64\n"
    )
    table, notes = read(text, "wide", quality={"column": "{channel}_quality"}, names={"vibration": "VIB"})
    assert rows(table) == ["P1 01 00:00 2900 1.5", "P1 02 00:00 2900 nan", "P1 03 00:00 nan 1.5"]
    assert notes == [
        "export.csv: 2 readings of bad quality were taken as missing",
        "export.csv: 1 readings of uncertain quality were kept",
    ]


def test_one_quality_for_the_row(read):
    text = "machine,time,speed,vibration,q\nP1,2024-03-01,2900,1.5,Good\nP1,2024-03-02,2900,1.6,BadNoCommunication\n"
    assert rows(read(text, "wide", quality={"column": "q"})[0])[1] == "P1 02 00:00 nan nan"
    only = text.replace(",q", ",speed_q", 1)
    table, notes = read(only, "wide", quality={"column": "{channel}_q"})
    assert rows(table)[1] == "P1 02 00:00 nan 1.6"
    assert "export.csv: no quality column for vibration: taken as good" in notes


ACROSS = """\
Time,P1.speed,P1.vibration,P1.vibration.q,P2.speed,P2.vibration,P2.vibration.q,Alarm
2024-03-01 00:30,2900,1.5,Good,,,,
2024-03-01 01:00,,-9999,Bad,2800,3.5,Uncertain,x
2024-03-01 02:00,2910,1.7,Good,2810,3.6,Good,
"""


def test_a_column_for_every_tag(read):
    """An empty cell: nothing was reported then, so that a machine has no row before it begins."""
    how = {"quality": {"column": "{channel}.q"}, "names": {"time": "Time"}}
    table, notes = read(ACROSS, "wide", {"template": "{machine}.{channel}"}, **how)
    assert rows(table) == [
        "P1 01 00:30 2900 1.5",
        "P1 01 01:00 nan nan",
        "P1 01 02:00 2910 1.7",
        "P2 01 01:00 2800 3.5",
        "P2 01 02:00 2810 3.6",
    ]
    assert notes == [
        "export.csv: columns not used: Alarm",
        "export.csv: 1 readings of bad quality were taken as missing",
        "export.csv: 1 readings of uncertain quality were kept",
    ]
    table, _ = read(ACROSS, "wide", {"template": "{machine}.{channel}", "step": "1h", "hold": "1h"}, **how)
    assert rows(table)[0] == "P1 01 01:00 2900 1.5"


def test_a_column_for_every_tag_that_does_not_fit(read):
    with pytest.raises(
        Fault, match=r"no column is named as x\{machine\}.\{channel\}; it has Time, P1.speed.*tags.template"
    ):
        read(ACROSS, "wide", {"template": "x{machine}.{channel}"})
    with pytest.raises(Fault, match="no tag 'VIB' for 'vibration'"):
        read(ACROSS, "wide", {"template": "{machine}.{channel}"}, names={"vibration": "VIB"})
    with pytest.raises(Fault, match="line 2: speed = 9999 is outside 0 to 4000 rpm"):
        read(ACROSS.replace("2900", "9999"), "wide", {"template": "{machine}.{channel}"}, names={"time": "Time"})


MISTAKES = {
    "no value column": (LONG.replace("value", "val"), {}, "export.csv has no column 'value'; it has tag, time, val."),
    "no quality column": (LONG, {"quality": {"column": "q"}}, "export.csv has no column 'q' for 'quality'"),
    "no tag fits": (
        LONG.replace(".", "#"),
        {},
        "no tag is written as {machine}.{channel}; the first is 'P1#speed': co",
    ),
    "no such tag": (LONG, {"names": {"vibration": "VIB"}}, "no tag 'VIB' for 'vibration' [mm/s]; it has speed, vibr"),
    "a name misspelt": (LONG, {"names": {"vibraton": "VIB"}}, "data.columns.vibraton names none of our columns: did"),
    "text": (LONG + "P1.speed,2024-03-02,fast\n", {}, "export.csv line 8: value = 'fast' is not a number"),
    "impossible": (LONG + "P1.speed,2024-03-02,-999\n", {}, "export.csv line 8: speed = -999 is outside 0 to 4000 rpm"),
    "no tag": (LONG + ",2024-03-02,2900\n", {}, "export.csv line 8: tag is empty"),
    "no time": (LONG + "P1.speed,,2900\n", {}, "export.csv line 8: time is empty"),
    "a date and a number": (LONG, {"tags": {**DOT, "step": 5}}, "data.tags.step=5 must be a length such as 1h"),
    "too fine": (
        LONG + "P1.speed,2190-03-01,2900\n",
        {"tags": {**DOT, "step": "1s", "hold": "99999d"}},
        "choose a longer step or a shorter hold",
    ),
    "unknown status": (
        LONG.replace("\n", ",Good\n").replace("value,Good", "value,q").replace("9,Good", "9,Odd"),
        {"quality": {"column": "q"}},
        "export.csv line 7: quality (column 'q') = 'Odd' is no status that is known",
    ),
    "cut off": (LONG[:-6], {}, "export.csv line 7 has 2 values where there are 3 column names"),
    "empty": ("", {}, "export.csv is empty"),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_is_a_sentence(read, what):
    text, how, words = MISTAKES[what]
    with pytest.raises(Fault) as fault:
        read(text, **how)
    assert words in str(fault.value)
    assert "\n" not in str(fault.value)


def test_a_column_cannot_be_two_things(read):
    with pytest.raises(Fault, match=r"quality.column=speed: speed holds readings or times, not their quality"):
        read("machine,time,speed,vibration\nP1,1,1,1\n", "wide", quality={"column": "speed"})
    with pytest.raises(Fault, match="holds readings or times"):
        read(ACROSS, "wide", {"template": "{machine}.{channel}"}, {"column": "{channel}"}, {"time": "Time"})


def test_no_quality_column_in_a_wide_table(read):
    with pytest.raises(Fault, match=r"has no quality column 'speed_q'; it has machine, time.*data.quality.column"):
        read("machine,time,speed,vibration\nP1,1,1,1\n", "wide", quality={"column": "{channel}_q"})
