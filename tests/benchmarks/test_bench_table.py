"""Every measurement is in the tables: losers, INVALID ones and those of other machines."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from made_result import ROOF, TOY, bundle, interval, measured, result

from benchmarks import plots, table
from benchmarks.readme import PROJECT
from benchmarks.result import read_all, write
from benchmarks.rows import accuracy, between, fastest, machines, rows

ARMS = [{"runtime": runtime, "variant": "fp32", "threads": 1} for runtime in ("ort_cpu", "native")]
BATCHES = [{"batch": b, "samples_per_s": 100.0 * b**0.5, "low": 90.0 * b**0.5, "high": None} for b in (1, 4, 16)]
RATES = [{"rate": 100.0 * r, "p99_ms": 2.0**r, "achieved": 99.0 * r} for r in (1, 2, 4)]


WORSE = {"measured": True, "counts": False, "measure": "rmse", "worse": 0.05, "tolerance": 0.01, "reason": "worse"}
TIMES = {"ratio": 0.05, "low": 0.04, "high": 0.1, "faster": "b"}
PAIRED = {"bundle": TOY, "scenario": "single_stream", "a": ARMS[1], "b": ARMS[0], **TIMES}
GAP = {"bundle": None, "runtime": "ort_cuda", "variant": None, "scenario": None, "reason": "no NVIDIA GPU here"}
SPITE = "a | b <i> [x](http://y) noisy"


@pytest.fixture
def two(tmp_path) -> dict[Path, dict]:
    """Files of two machines, dropped into one folder."""
    one = [
        measured(),
        measured(runtime="native", rate=25.0),
        measured("offline", 400.0, sweep=BATCHES, settings={"price_gbp_per_hour": 0.36}, energy={"joules": 50.0}),
        measured("offline", 100.0, variant="int8_dynamic", accuracy=WORSE),
        measured("server", 900.0, settings={"p99_ms": 50.0}, sweep=RATES, verdict="INVALID", reasons=[SPITE]),
    ]
    write(result(*one, comparisons=[PAIRED], skipped=[GAP]), tmp_path)
    other = {"cpu": "Other", "cores": 16, "gpu": [{"name": "NVIDIA H200"}]}
    roof = [ROOF, {"where": "cuda:0", "threads": None, "sgemm_gflops": 5e4, "copy_gb_s": 4e3, "empty_call_us": 3.0}]
    write(result(measured(rate=800.0), measured(runtime="ort_cuda", rate=8e4), machine=other, roof=roof), tmp_path)
    return read_all(tmp_path.glob("*.json"))


def test_every_measurement_is_a_row(two):
    every = rows(two)
    assert len(every) == 7
    assert len({tuple(cells) for cells in every}) == 1
    mine = [cells for cells in every if "toy-one" in cells["machine"] and cells["runtime"] == "ort_cpu"]
    first, offline = mine[:2]
    assert [cells["scenario"] for cells in mine] == ["single stream", "offline", "offline", "server, p99 ≤ 50.0 ms"]
    assert first["p50, ms"] == "2.00 (1.80 to 2.20)"
    assert first["queries/s"] == "500 (450 to 550)"
    assert first["of the roof"] == "25 % (memory)"
    assert first["mJ a query"] == "not measured"
    assert first["verdict"] == "VALID"
    assert offline["£ a million"].startswith("0.250 (")  # £0.36 an hour / 3600 / 400 × 10^6
    assert offline["mJ a query"] == "10.0"  # 50 J / 5000
    assert offline["p50, ms"] == "–"


def test_losers_and_the_invalid_are_shown(two):
    page = table.page(two, {})
    assert "does not count: rmse +5 %, at most +1 %" in page
    assert r"INVALID: a \| b \<i\> \[x\](http://y) noisy" in page  # and is no link, no markup, no column
    assert "| toy-one-1, 2026-11-21 | every bundle | ort_cuda | no NVIDIA GPU here |" in page
    assert "ort_cpu fp32, 1 thread |" in page.split("## Against each other")[1]
    widths = {line.count(" | ") for line in page.split("## toy")[1].split("##")[0].splitlines() if line.startswith("|")}
    assert len(widths) == 1


def test_the_fastest_that_counts_stands_beside_the_native_one(two):
    best = fastest(two)
    assert [(cells["machine"], cells["scenario"]) for cells in best] == [
        ("other-16-nvidia-h200", "single stream"),
        ("toy-one-1", "single stream"),
        ("toy-one-1", "offline"),
    ]
    assert best[0]["fastest that counts"] == "ort_cuda fp32, 1 thread"
    assert best[1]["native ÷ it"] == "20.0 (10.0 to 25.0) ×"  # the pair stands the other way round in the file
    assert best[2]["fastest that counts"] == "ort_cpu fp32, 1 thread"  # int8 is out, the INVALID server too


def test_the_newest_measurement_of_the_newest_bundle_is_shown(tmp_path):
    """A later, slower figure of one way replaces it; another way's older one stays; an older bundle's is gone."""
    new = bundle("toy", "d" * 64, version="20261122000000")
    made = {"bundle": "d" * 64, "made": "2026-11-22T21:00:00Z"}
    one, two = measured("offline", 800.0, **made), measured("offline", 500.0, threads=2, **made)
    write(result(measured("offline", 900.0), one, two, bundles=[bundle(), new], made=made["made"]), tmp_path)
    later = {**made, "made": "2026-11-23T21:00:00Z"}
    write(result(measured("offline", 400.0, **later), bundles=[new], made=later["made"]), tmp_path)
    (best,) = fastest(read_all(tmp_path.glob("*.json")))
    assert best["fastest that counts"] == "ort_cpu fp32, 2 threads"
    assert best["median latency or rate"] == "500 (450 to 550) a second"


def test_every_run_of_a_day_says_how_quiet_it_was(tmp_path):
    write(result(measured(), noise={"noisy": True, "why": ["load", "steal"]}), tmp_path)
    write(result(measured("offline", made="2026-11-21T22:00:00Z"), made="2026-11-21T22:00:00Z"), tmp_path)
    told = [(cells["machine"], cells["noise"]) for cells in machines(read_all(tmp_path.glob("*.json")))]
    assert told == [("toy-one-1, 2026-11-21 21:00", "noisy: load; steal"), ("toy-one-1, 2026-11-21 22:00", "quiet")]


def test_a_runtime_that_answers_worse_does_not_count(tmp_path):
    worse = measured("offline", 900.0, runtime="openvino", accuracy=WORSE)
    write(result(worse, measured("offline", 400.0, accuracy={"measured": False, "counts": False})), tmp_path)
    (best,) = fastest(read_all(tmp_path.glob("*.json")))
    assert best["fastest that counts"] == "ort_cpu fp32, 1 thread"


def test_plots_are_whole_and_old_ones_go(two, tmp_path):
    folder = tmp_path / "results" / "plots"
    folder.mkdir(parents=True)
    (folder / "gone_server.svg").write_text("of a bundle that no file measures any more")
    drawn = plots.draw(two, folder)
    assert sorted(f"results/plots/{path.name}" for path in folder.iterdir()) == sorted(drawn)
    assert sorted(drawn) == [f"results/plots/{name}.svg" for name in ("roofline", "toy_offline", "toy_server")]
    for path in drawn:
        root = ET.fromstring((tmp_path / path).read_text())
        assert root.get("aria-label") == drawn[path]
        assert root.get("font-family") == "sans-serif"
    assert "(INVALID)" in (tmp_path / "results/plots/toy_server.svg").read_text()


def test_the_roofline_has_the_figures_worked_out_by_hand(two):
    """10^6 operations and 10^5 bytes a query are 10 a byte; 500 queries a second are 0.5 GFLOP/s, 80,000 are 80."""
    found = [(point.machine, point.where, point.intensity, point.reached) for point in plots.points(two)]
    assert found == [
        ("other-16-nvidia-h200", "cuda", pytest.approx(10.0), pytest.approx(80.0)),
        ("other-16-nvidia-h200", "cpu", pytest.approx(10.0), pytest.approx(0.8)),
        ("toy-one-1", "cpu", pytest.approx(10.0), pytest.approx(0.5)),
    ]
    assert plots.highest(two, "other-16-nvidia-h200", "cuda")["sgemm_gflops"] == 5e4


def test_a_batch_shares_the_weights():
    """Of 10^5 bytes 6·10^4 are weights: a batch of 4 moves (10^5 + 3·4·10^4) / 4 for each query."""
    about = bundle(each_more={"flops": 1e6, "bytes": 4e4})
    assert plots.work(about, measured("offline", sweep=BATCHES[:2])) == pytest.approx((1e6, 5.5e4))
    assert plots.work(about, measured()) == (1e6, 1e5)


def test_every_plot_stands_on_the_page_once(two, tmp_path):
    drawn = {f"results/plots/{name}.svg": name for name in ("roofline", "toy_offline", "toy_server")}
    page = table.page(two, drawn)
    assert [page.count(f"![{name}]({path})") for path, name in drawn.items()] == [1, 1, 1]
    assert page.index("toy_offline.svg") > page.index("## toy ") > page.index("roofline.svg")


def test_nothing_measured_yet():
    assert "Nothing has been measured yet" in table.page({}, {})
    assert table.summary({}).startswith("Nothing has been measured yet")


def test_named_files_are_printed_and_nothing_is_written(two, capsys):
    before = (table.PAGE.stat().st_mtime, PROJECT.stat().st_mtime)
    table.main([str(path) for path in two])
    assert capsys.readouterr().out == table.page(two, {})
    assert (table.PAGE.stat().st_mtime, PROJECT.stat().st_mtime) == before


def test_what_is_committed_is_what_the_files_say():
    results = read_all()
    assert f"<!-- speed -->\n{table.summary(results)}<!-- /speed -->" in PROJECT.read_text()
    drawn = {f"results/plots/{name}": alt for name, (_, alt) in plots.drawings(results).items()}
    assert table.PAGE.read_text() == table.page(results, drawn)
    kept = {f"results/plots/{path.name}" for path in (table.PAGE.parent / "results" / "plots").glob("*.svg")}
    assert kept == drawn.keys()


@pytest.mark.parametrize(
    ("variant", "found", "said"),
    [
        ("fp32", {"value": 12.5, "worse": 0.0}, "rmse 12.5: what others are held against"),
        ("int8", {"worse": 0.004, "low": -0.001, "high": 0.009}, "kept: rmse +0.4 % (-0.1 to +0.9), at most +1 %"),
        ("int8", {"worse": 0.004, "kind": "absolute"}, "kept: rmse +0.004, at most +0.01"),
        ("int8", {"worse": None, "counts": False, "reason": "no numbers"}, "no numbers"),
        (
            "int8",
            {"measured": False, "counts": False, "reason": "accuracy not measured: x"},
            "accuracy not measured: x",
        ),
    ],
)
def test_accuracy_in_words(variant, found, said):
    gate = {"measured": True, "counts": True, "measure": "rmse", "tolerance": 0.01}
    assert accuracy(measured(variant=variant, accuracy=gate | found)) == said


def test_an_interval_without_limits_is_a_bare_figure():
    assert between(interval(2.0)) == "2.00 (1.80 to 2.20)"
    assert between({"value": 2.0, "low": None, "high": None}) == "2.00"
    assert between({"value": 2.0, "low": 1.0, "high": None}) == "2.00 (1.00 to –)"
    assert between(None) == "–"
