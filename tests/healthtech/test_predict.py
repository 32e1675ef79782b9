"""`pilot-predict` with a bundle of this pilot: what it answers. What it refuses stands in test_predict_refused.py."""

from __future__ import annotations

import csv
import gzip
import json
import lzma
import re
from datetime import datetime
from pathlib import Path

import made_bundle
import numpy as np
import pandas as pd
import pytest
from replay import replayed
from test_imports import isolated

from common.bundle.open import Bundle, open_bundle
from common.predict import predict
from pilots.healthtech.use.answer import answer
from pilots.healthtech.use.flags import flags
from pilots.healthtech.use.infer import Outlook
from pilots.healthtech.use.totals import stretches
from pilots.healthtech.use.window import Window

NAMES = ["<b>east</b>", "=north", "south", "River & Sea", "all sites"]
SHOWN = ["q0.05", "q0.1", "q0.25", "q0.5", "q0.75", "q0.9", "q0.95"]  # levels of a run's predictions.csv.gz


@pytest.fixture(scope="module")
def hourly(hourly_run) -> Bundle:
    return open_bundle(hourly_run / "bundle")


@pytest.fixture(scope="module")
def daily(daily_run) -> Bundle:
    return open_bundle(daily_run / "bundle")


def counts_of(run: Path) -> Path:
    return run.parents[2] / "counts.csv"


@pytest.fixture(scope="module")
def written(hourly_run, tmp_path_factory):
    """The whole command, once."""
    out = tmp_path_factory.mktemp("answer") / "out [1]=é"
    predict([str(hourly_run), str(counts_of(hourly_run)), "--out", str(out), "--level", "20", "--level", "=north=15"])
    return out


def test_the_answer_is_whole(written):
    assert sorted(path.name for path in written.iterdir()) == [
        "forecast.csv", "forecast.json", "page.html", "plots", "totals.csv",
    ]  # fmt: skip
    table = pd.read_csv(written / "forecast.csv", encoding="utf-8-sig")
    assert [*table.columns[:4], *table.columns[-2:]] == ["series", "step", "time", "mean", "level", "p_exceed"]
    assert list(table["series"].unique()) == ["<b>east</b>", "'=north", *NAMES[2:]]
    assert table.groupby("series")["step"].apply(list).map(lambda steps: steps == [*range(1, 49)]).all()
    assert table["time"].iloc[0] == "2025-08-25 00:00"
    quantiles = table.filter(regex="^q0")
    assert quantiles.shape[1] == 21
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert table.groupby("series")["level"].first().to_dict() == {
        "'=north": 15, "<b>east</b>": 20, "south": 20, "River & Sea": 20, "all sites": 20,
    }  # fmt: skip
    said = json.loads((written / "forecast.json").read_text(encoding="utf-8"))
    assert (said["from"], said["unit"], said["suppressed"]) == ("2025-08-25 00:00", "patients", False)
    assert len(said["forecast"]) == 5 * 48
    assert said["forecast"][0]["q0.5"] == table["q0.5"].iloc[0]
    assert len(said["totals"]) == 5 * (6 + 2)  # six shifts and two days
    assert len(list((written / "plots").iterdir())) == 6


def test_names_are_text_for_spreadsheets_and_browsers(written):
    for name in ("forecast.csv", "totals.csv"):
        with (written / name).open(encoding="utf-8-sig", newline="") as file:
            assert not [cell for row in csv.reader(file) for cell in row if cell.startswith(("=", "+", "@"))]
    page = (written / "page.html").read_text(encoding="utf-8")
    assert "<b>east" not in page
    assert "&lt;b&gt;east&lt;/b&gt;" in page
    assert "River &amp; Sea" in page
    assert "<script" not in page
    assert not re.search(r'(src|href)="(?!#|data:)', page)


@pytest.mark.parametrize("pilot", ["hourly", "daily"])
def test_the_forecast_is_the_backtests(pilot, request):
    """The same counts, the same origin: the run's own forecast, sums, delay and future columns included."""
    run, bundle = request.getfixturevalue(f"{pilot}_run"), request.getfixturevalue(pilot)
    tested = pd.read_csv(run / "predictions.csv.gz")
    origin = tested["origin"].iloc[-1]
    own = tested[tested["origin"] == origin]
    said = answer(bundle, counts_of(run), ["--from", origin.replace(" ", "T")]).forecast
    assert len(own) == len(said) == {"hourly": 5 * 48, "daily": 12}[pilot]
    assert list(own["series"]) == list(said["series"])
    assert list(own["step"]) == list(said["step"])
    assert list(pd.to_datetime(own["time"])) == list(pd.to_datetime(said["time"]))
    np.testing.assert_array_equal(own[SHOWN].to_numpy(float), said[SHOWN].to_numpy(float))
    np.testing.assert_allclose(own["mean"].to_numpy(), said["mean"].to_numpy(), atol=1.1e-3)


def test_every_way_of_writing_the_same_counts_gives_the_same_forecast(hourly, hourly_run, tmp_path):
    wanted = answer(hourly, counts_of(hourly_run)).forecast
    table = made_bundle.hours().assign(when=lambda t: pd.to_datetime(t["when"], dayfirst=True))
    long = table.rename(columns={"when": "time", "site": "series", "n": "value"})[["time", "series", "value"]]
    wide = long.pivot_table(index="time", columns="series", values="value").astype("Int64")
    text = counts_of(hourly_run).read_bytes()
    files = {"own.csv.gz": gzip.compress(text), "own.csv.xz": lzma.compress(text)}
    files |= {"long.csv": long.to_csv(index=False).encode(), "wide.csv": wide.to_csv().encode()}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        pd.testing.assert_frame_equal(answer(hourly, tmp_path / name).forecast, wanted, obj=name)


def test_counts_from_the_origin_on_are_not_looked_at(hourly, tmp_path):
    table = made_bundle.hours()
    late = pd.to_datetime(table["when"], dayfirst=True) >= "2025-08-20"
    said = []
    for name, counts in (("all.csv", table.assign(n=table["n"] + 50 * late)), ("cut.csv", table[~late])):
        counts.to_csv(tmp_path / name, index=False)
        said.append(answer(hourly, tmp_path / name, ["--from", "2025-08-20"]))
    pd.testing.assert_frame_equal(said[0].forecast, said[1].forecast)
    pd.testing.assert_frame_equal(said[0].totals, said[1].totals)
    assert said[0].forecast["time"].iloc[0] == "2025-08-20 00:00"


def test_days_not_fully_reported_are_forecast_but_not_looked_at(daily, daily_run, tmp_path):
    table = made_bundle.days()
    table.loc[table.index[-10:], "visits"] = np.nan  # their temperature is known
    said = []
    for name, half in (("right.csv", 1), ("half.csv", 2)):
        counts = table.astype({"visits": "Int64"})
        counts.loc[counts.index[-12:-10], "visits"] //= half
        counts.to_csv(tmp_path / name, index=False)
        said.append(answer(daily, tmp_path / name).forecast)
    pd.testing.assert_frame_equal(*said)
    assert list(said[0]["step"]) == [-1, 0, *range(1, 11)]
    assert said[0]["time"].iloc[2] == table["date"].iloc[-10]


def test_the_chance_of_more_than_a_level(hourly, hourly_run):
    said = {
        level: answer(hourly, counts_of(hourly_run), ["--level", level]).forecast for level in ("0", "south=2", "1500")
    }
    assert (said["1500"]["p_exceed"] == 0).all()
    south = said["south=2"][said["south=2"]["series"] == "south"]
    median = south["q0.5"].astype(int)
    assert (south["level"] == 2).all()
    assert (south["p_exceed"][median > 2] >= 0.5).all()
    assert (south["p_exceed"][median <= 2] <= 0.5).all()
    others = said["south=2"]["series"] != "south"
    assert said["south=2"]["level"][others].tolist() != [2] * others.sum()
    assert said["0"]["p_exceed"][said["0"]["q0.025"] > 0].min() > 0.97


def test_a_series_that_the_file_lacks_and_one_never_learnt_are_told(hourly, tmp_path):
    table = made_bundle.hours()
    table[table["site"] != "south"].to_csv(tmp_path / "two.csv", index=False)
    extra = table[table["site"] == "south"].assign(site="newcomer")
    pd.concat([table, extra]).to_csv(tmp_path / "four.csv", index=False)
    two, four = answer(hourly, tmp_path / "two.csv"), answer(hourly, tmp_path / "four.csv")
    assert list(two.forecast["series"].unique()) == ["<b>east</b>", "=north", "River & Sea"]
    assert any("Not in the file" in note and "south" in note for note in two.notes)
    assert list(four.forecast["series"].unique()) == NAMES
    assert any("Not among the series learnt" in note and "newcomer" in note for note in four.notes)


def test_missing_and_unusual_counts_of_late_are_told(hourly, tmp_path):
    table = made_bundle.hours()
    when = pd.to_datetime(table["when"], dayfirst=True)
    gone = (table["site"] == "south") & (when >= "2025-08-18")
    high = (table["site"] == "=north") & (when >= "2025-08-18")
    table.assign(n=table["n"] + 60 * high)[~gone].to_csv(tmp_path / "odd.csv", index=False)
    doubts = answer(hourly, tmp_path / "odd.csv").flags
    assert "south: no count since 2025-08-17 23:00, 168 hours before the end" in doubts
    assert "south: 25% of the last 672 hours have no count" in doubts
    assert any(re.match("=north: 168 of the last 168 hours' counts are outside", doubt) for doubt in doubts)


def test_an_old_model_an_ended_calendar_and_a_late_file_are_told(hourly):
    past, horizon = hourly.manifest["flow"]["past"], 48
    time_W = np.datetime64("2025-08-25T00", "s") + np.arange(-past, horizon) * np.timedelta64(1, "h")
    asked = Window(np.ones((5, past)), time_W, None)
    outlook = Outlook(asked.time_H, *(np.ones((5, horizon)) for _ in range(3)), np.ones(5), True)
    manifest = {**hourly.manifest, "version": "20250101000000"}
    said = flags(manifest, asked, outlook, np.ones(5, bool), datetime(2025, 8, 26, 6, 30))
    assert [said[0][:44], *said[1:3]] == [
        "The calendar inside the model has ended, so ",
        "The model was trained 237 days ago: train it again",
        "The counts end 30 hours ago: the first steps of this forecast are over",
    ]
    assert any("Every step" in text for text in flags(manifest, asked, outlook, np.ones(5, bool), datetime(2026, 1, 1)))


def test_a_zero_that_cannot_be_is_taken_as_missing_and_told(hourly, tmp_path):
    table = made_bundle.hours()
    down = (table["site"] == "=north") & table["when"].str.startswith("20/08/2025")
    table.assign(n=table["n"].where(~down, 0)).to_csv(tmp_path / "zero.csv", index=False)
    table[~down].to_csv(tmp_path / "none.csv", index=False)
    zero, none = (answer(hourly, tmp_path / name) for name in ("zero.csv", "none.csv"))
    assert "Zeros of late that the usual level makes impossible are taken as missing: =north" in zero.notes
    pd.testing.assert_frame_equal(zero.forecast, none.forecast)


def test_nothing_that_trained_the_model_is_needed(hourly_run, tmp_path):
    words = [str(hourly_run), str(counts_of(hourly_run)), "--out", "out", "--suppress"]
    done = isolated(f"from common.predict import predict; predict({words!r})", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "page.html").exists()


def test_totals_are_quantiles_of_sums(hourly, hourly_run):
    said = answer(hourly, counts_of(hourly_run))
    steps = said.forecast[said.forecast["series"] == "all sites"]
    day = said.totals[(said.totals["series"] == "all sites") & (said.totals["period"] == "day")].iloc[0]
    own = steps[(steps["step"] >= day["step"]) & (steps["step"] < day["step"] + day["steps"])]
    assert len(own) == 24
    assert day["mean"] == pytest.approx(own["mean"].sum(), abs=0.02)
    assert own["q0.1"].sum() < day["q0.1"] < day["mean"] < day["q0.9"] < own["q0.9"].sum()


def test_shifts_days_and_weeks_are_whole():
    hour_H = np.datetime64("2026-01-01T06", "s") + np.arange(24 * 9) * np.timedelta64(1, "h")
    found = stretches(hour_H, "h", delay=2)
    assert found[:2] == [("shift", 2, 8), ("shift", 10, 8)]  # 08:00 to 16:00, 16:00 to midnight
    assert next(one for one in found if one[0] == "day") == ("day", 18, 24)
    assert [one for one in found if one[0] == "week"] == [("week", 18, 168)]
    day_H = np.datetime64("2026-01-01", "s") + np.arange(28) * np.timedelta64(1, "D")
    assert stretches(day_H, "D", delay=2) == [("week", 2, 7), ("week", 9, 7), ("week", 16, 7)]
    assert stretches(day_H, "MS", delay=0) == []


def test_what_a_run_keeps_of_its_last_origins_replays_through_the_bundle(daily_run):
    stated = json.loads((daily_run / "run.json").read_text())["benchmark"]
    origins, said, outcome = replayed(
        daily_run / "bundle", (daily_run / "evaluation.npz").read_bytes(), stated["output"]
    )
    assert origins > 1
    assert said.shape == (*outcome.shape, len(stated["levels"]))
    assert np.isnan(outcome[..., :2]).all()  # two days late: known before they are forecast
    with np.load(daily_run / "calibration.npz") as earlier, np.load(daily_run / "evaluation.npz") as test:
        assert earlier["when"].max(axis=1).max() <= test["when"].max(axis=1).min()
