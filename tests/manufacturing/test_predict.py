"""What `pilot-predict` keeps, flags and writes. What it refuses stands in test_predict_refused.py."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import toy_graph

from common.predict import predict
from pilots.manufacturing.use.infer import batches

CALM, WORN = np.full(40, 2.0), np.linspace(2, 30, 40)


@pytest.fixture
def use(toy_bundle, tmp_path, monkeypatch):
    """Write a table, predict, and give back the folder and the advisory by machine."""
    monkeypatch.chdir(tmp_path)

    def run(
        content: str | bytes, *options: str, bundle: Path = toy_bundle, separator: str = ","
    ) -> tuple[Path, pd.DataFrame]:
        Path("my pumps.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
        out = tmp_path / "out [1]=é"
        predict([str(bundle), "my pumps.csv", "--out", str(out), *options])
        text = dict(dtype={"machine": str, "data_quality": str}, keep_default_na=False, encoding="utf-8-sig")
        advisory = pd.read_csv(out / "advisory.csv", sep=separator, **text)
        return out, advisory.set_index("machine")

    return run


def test_the_answer_is_right_and_whole(use, capsys):
    out, advisory = use(toy_graph.table({"calm": CALM, "worn": WORN}))
    assert sorted(path.name for path in out.iterdir()) == [
        "advisory.csv", "advisory.json", "page.html", "plots", "rul.csv.gz",
    ]  # fmt: skip
    assert list(advisory.index) == ["worn", "calm"]  # the most urgent first
    calm, worn = advisory.loc["calm"], advisory.loc["worn"]
    assert (calm.rul, calm.low, calm.high, calm.unit) == (105.0, 84.0, 125.0, "hours")  # 125 - 10 * 2
    assert (calm.alarm, worn.alarm) == ("no", "yes")
    assert (calm.rows, calm.last_time, calm.horizon, calm.condition_ok, calm.data_quality) == (40, 40, 30, "yes", "")
    assert worn.p_fail > 0.99
    worn_said = json.loads((out / "advisory.json").read_text(encoding="utf-8"))["machines"][0]
    assert [*worn_said] == ["machine", "DA", "DM", "SD", "HA", "PA", "AG"]  # the blocks of ISO 13374, in their order
    assert (worn_said["machine"], worn_said["SD"]["alarm"], worn_said["PA"]["rul"]) == ("worn", "on", worn.rul)
    rows = pd.read_csv(out / "rul.csv.gz")
    assert len(rows) == 80
    assert list(rows.columns[:7]) == ["line", "machine", "time", "rul", "low", "high", "p_fail"]
    np.testing.assert_allclose(
        rows[rows.machine == "worn"].rul, np.clip(125 - 10 * _mean_so_far(WORN), 0, 125), atol=2e-3
    )
    assert sorted(path.name for path in (out / "plots").iterdir()) == ["01_worn.png", "02_calm.png", "fleet.png"]
    assert capsys.readouterr().out.splitlines()[-1] == f"wrote: {out}"


def _mean_so_far(values: np.ndarray) -> np.ndarray:
    return np.cumsum(values) / np.arange(1, len(values) + 1)


def test_unsorted_rows_are_sorted_and_told(use):
    text = toy_graph.table({"calm": CALM, "worn": WORN})
    head, *rows = text.splitlines()
    mixed = [rows[i] for i in np.random.default_rng(0).permutation(40)] + rows[40:]
    _, advisory = use("\n".join([head, *mixed]))
    assert "sorted" in advisory.loc["calm"].data_quality
    assert advisory.loc["worn"].data_quality.count("sorted") == 0
    assert advisory.loc["calm"].rul == 105.0


def test_interleaved_machines_are_no_disorder(use):
    head, *rows = toy_graph.table({"calm": CALM, "worn": WORN}).splitlines()
    mixed = [row for pair in zip(rows[:40], rows[40:], strict=True) for row in pair]
    out, advisory = use("\n".join([head, *mixed]))
    assert not advisory.data_quality.str.contains("sorted").any()
    assert pd.read_csv(out / "rul.csv.gz").line.tolist()[:2] == [2, 4]  # lines of the user's file


def test_a_machine_with_one_row_is_kept(use):
    _, advisory = use(toy_graph.table({"calm": CALM, "new": np.array([3.0])}))
    assert advisory.loc["new"].rul == 95.0
    assert "only 1 row" in advisory.loc["new"].data_quality
    assert advisory.loc["calm"].data_quality == ""


def test_a_dead_sensor_is_kept(use):
    text = toy_graph.table({"calm": CALM, "dead": CALM}).splitlines()
    _, advisory = use("\n".join([*text[:41], *(line.replace(",50", ",") for line in text[41:])]))
    assert advisory.loc["dead"].data_quality == "temperature: no readings"
    assert advisory.loc["calm"].data_quality == ""


def test_an_empty_column_is_kept(use):
    _, advisory = use(toy_graph.table({"calm": CALM, "worn": WORN}).replace(",50\n", ",-999\n"))
    assert (advisory.data_quality.str.contains("temperature: no readings")).all()


def test_a_machine_without_any_reading_is_kept(use):
    text = toy_graph.table({"calm": CALM}) + "mute,1,,,\nmute,2,,NaN,\n"
    _, advisory = use(text)
    assert "no readings at all" in advisory.loc["mute"].data_quality
    assert advisory.loc["calm"].rul == 105.0


def test_gaps_are_told(use):
    lines = toy_graph.table({"calm": CALM}).splitlines()
    gaps = [line.replace(",50", ",") if i in range(10, 20) else line for i, line in enumerate(lines)]
    _, advisory = use("\n".join(gaps))
    assert advisory.loc["calm"].data_quality == "temperature: 25% of readings missing"
    lost = [line.replace(",50", ",") if i > 37 else line for i, line in enumerate(lines)]
    (Path("out [1]=é")).rename("before")
    _, advisory = use("\n".join(lost))
    assert advisory.loc["calm"].data_quality == "temperature: no reading since 37"


def test_an_unknown_column_is_named(use, capsys):
    head, *rows = toy_graph.table({"calm": CALM}).splitlines()
    out, advisory = use("\n".join([head + ",Öldruck <b>", *(row + ",7" for row in rows)]))
    assert "Öldruck" in capsys.readouterr().err
    assert "Öldruck &lt;b&gt;" in (out / "page.html").read_text("utf-8")
    assert advisory.loc["calm"].data_quality == ""


def test_an_unseen_condition_is_told(use):
    text = toy_graph.table({"calm": CALM, "hard": CALM}).splitlines()
    _, advisory = use("\n".join([*text[:-3], *(line.replace(",0.8,", ",2.5,") for line in text[-3:])]))
    assert "operating condition not met in training in 3 of 40 rows, now too" in advisory.loc["hard"].data_quality
    assert (advisory.loc["hard"].condition_ok, advisory.loc["calm"].condition_ok) == ("no", "yes")


def test_values_outside_what_training_saw_are_told(use):
    one_spike = CALM.copy()
    one_spike[20] = 70.0
    _, advisory = use(toy_graph.table({"calm": CALM, "spike": one_spike, "worn": WORN}))
    said = advisory.data_quality
    assert said["spike"] == "outside what training saw, before: vibration in 1 of 40 rows (as 70 mm/s)"
    assert said["worn"] == "outside what training saw, now: vibration 30 mm/s (0.5 to 9)"
    assert said["calm"] == ""


def test_names_of_machines_never_become_paths(use, tmp_path):
    names = [
        "../../x",
        "a/b",
        "a?b",
        "a b",
        "=cmd|' /C calc'!A1",
        "@x",
        "CON",
        "é" * 300,
        "$x^$",
        "<script>alert(1)</script>",
    ]
    out, advisory = use(toy_graph.table({name: CALM + i / 10 for i, name in enumerate(names)}))
    assert len(advisory) == len(names) == len(list((out / "plots").glob("[0-9]*.png")))
    assert {path.name for path in tmp_path.iterdir()} == {"my pumps.csv", out.name}
    with (out / "advisory.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert [cell for cell in cells if cell[:1] in "=+-@" and cell[:1]] == []
    assert "'=cmd|' /C calc'!A1" in cells
    with gzip.open(out / "rul.csv.gz", "rt") as rows:
        assert not [line for line in rows if ",=" in line or ",@" in line]
    page = (out / "page.html").read_text("utf-8")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_the_page_says_what_the_tables_say(use, toy_bundle):
    out, _ = use(toy_graph.table({"calm": CALM, "worn": WORN, "new": np.array([3.0])}))
    page = (out / "page.html").read_text("utf-8")
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "1 of 3 machines raises the alarm:" in text
    assert "Begin with worn." in text
    assert "The data of 2 give reason to doubt" in text
    assert page.count("<svg") == 1 + 3
    assert hashlib.sha256((toy_bundle / "SHA256SUMS").read_bytes()).hexdigest() in page
    assert not re.search("<script|<iframe|@import", page)
    assert all(link.startswith(("#", "data:")) for link in re.findall(r"""(?:src|href)=["']?([^"'\s>]+)""", page))


def test_only_the_most_urgent_are_drawn(use):
    out, advisory = use(toy_graph.table({f"P{i}": np.full(12, 1 + i / 10) for i in range(30)}))
    assert len(advisory) == 30
    assert len(list((out / "plots").iterdir())) == 12 + 1
    assert advisory.index[0] == "P29"
    assert (out / "plots" / "01_P29.png").exists()


def test_a_file_from_the_continent(use, tmp_path):
    """Decimal comma, semicolons, own column names, dates: as the yaml of the training data said."""
    bundle = tmp_path / "bundle"
    columns = {"machine": "Pumpe", "time": "Zeit", "load": "Last", "vibration": "Schwingung [mm/s]", "temperature": "T"}
    table = {"columns": columns, "decimal": ",", "separator": ";", "missing": [], "row_unit": "hours"}
    toy_graph.write_toy(bundle, table=table)
    lines = ["Pumpe;Zeit;Last;Schwingung [mm/s];T"]
    lines += [f"Ä1;{day:02d}.01.2026 06:00;0,8;2,5;50,5" for day in range(1, 21)]
    out, _ = use("\n".join(lines).encode("cp1252"), bundle=bundle, separator=";")
    text = (out / "advisory.csv").read_bytes().decode("utf-8-sig")
    assert text.splitlines()[1].startswith("Ä1;2026-01-20 06:00;20;100,0;80,0;120,0;hours;0,0;")


def test_the_threshold_can_be_moved(use):
    _, advisory = use(toy_graph.table({"calm": CALM}), "--set", "threshold=110")
    assert advisory.loc["calm"].alarm == "yes"


def test_the_same_file_gives_the_same_bytes(use):
    text = toy_graph.table({"calm": CALM, "worn": WORN})
    out, _ = use(text)
    first = {path.name: path.read_bytes() for path in out.iterdir() if path.suffix in (".csv", ".gz")}
    out.rename(out.with_name("first"))
    again, _ = use(text)
    assert {name: (again / name).read_bytes() for name in first} == first


def test_batches_hold_every_machine_once_and_little_padding():
    length_M = np.random.default_rng(0).integers(1, 400, 10_000)
    made = list(batches(length_M))
    assert sorted(np.concatenate(made)) == list(range(10_000))
    padded = sum(len(batch) * int(length_M[batch].max()) for batch in made)
    assert max(len(batch) * int(length_M[batch].max()) for batch in made) <= 32_768
    assert padded / length_M.sum() < 1.1
    assert [list(batch) for batch in batches(np.array([10**6, 3]))] == [[0], [1]]


@pytest.mark.long
def test_ten_thousand_machines(use):
    rng = np.random.default_rng(0)
    out, advisory = use(toy_graph.table({f"P{i}": rng.uniform(1, 9, rng.integers(1, 12)) for i in range(10_000)}))
    assert len(advisory) == 10_000
    assert (out / "page.html").stat().st_size < 8e6


def test_help_is_quick_and_the_last_line_is_the_path(toy_bundle, tmp_path):
    command = [sys.executable, "-m", "common.predict"]
    seconds = []
    for _ in range(3):  # the quickest: other programs on the machine only ever make it slower
        start = time.perf_counter()
        done = subprocess.run([*command, "--help"], capture_output=True, text=True)
        seconds.append(time.perf_counter() - start)
        assert done.returncode == 0
        assert "machines.csv" in done.stdout
        assert "--events" in done.stdout
    assert min(seconds) < 1.0
    (tmp_path / "m.csv").write_text(toy_graph.table({"calm": CALM}))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [*command, str(toy_bundle), "m.csv"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    made = done.stdout.splitlines()[-1].removeprefix("wrote: ")
    assert Path(made).parent == tmp_path / "predictions"
    assert Path(made).name.startswith("manufacturing-rul-20260131120000_2")


def test_a_pause_of_the_clock_is_told(use):
    head, *rows = toy_graph.table({"calm": CALM, "worn": WORN}).splitlines()
    moved = [
        ",".join([c[0], str(int(c[1]) + 30 * (int(c[1]) > 20)), *c[2:]]) for c in (r.split(",") for r in rows[:40])
    ]
    _, advisory = use("\n".join([head, *moved, *rows[40:]]))
    assert "no rows for 31 hours before 51" in advisory.loc["calm"].data_quality
    assert "no rows" not in advisory.loc["worn"].data_quality
