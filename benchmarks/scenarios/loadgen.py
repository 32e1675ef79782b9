"""Single stream as MLCommons' LoadGen plays it: another hand on the stopwatch, for those who know its logs.

Optional (`pip install mlcommons-loadgen`, no dependencies). Its own percentiles stand in the sweep, beside those that
this harness took of the very same calls.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.histogram import Histogram
from benchmarks.runtimes import Engine, Unsupported
from benchmarks.scenarios import Measured, Settings
from benchmarks.stats import Interval
from benchmarks.workload import Workload

NAME = "loadgen"
PERCENTILES = ("50.00", "90.00", "99.00")


def run(engine: Engine, workload: Workload, settings: Settings, clock) -> Measured:
    """One block; valid where LoadGen calls it so."""
    try:
        import mlperf_loadgen as loadgen
    except ModuleNotFoundError:
        raise Unsupported("LoadGen is not installed: pip install mlcommons-loadgen") from None
    latency, began, count = Histogram(), clock.now(), len(workload.queries)
    failed: list[Exception] = []

    def issue(samples: list[Any]) -> None:
        for sample in samples:
            try:
                if not failed:
                    latency.add(engine.seconds(sample.index))
            except Exception as error:  # an exception must not cross LoadGen's C++
                failed.append(error)
            loadgen.QuerySamplesComplete([loadgen.QuerySampleResponse(sample.id, 0, 0)])

    asked = loadgen.TestSettings()
    asked.scenario, asked.mode = loadgen.TestScenario.SingleStream, loadgen.TestMode.PerformanceOnly
    asked.min_duration_ms, asked.max_duration_ms = round(1e3 * settings.seconds), round(1e3 * settings.longest)
    asked.min_query_count = settings.queries
    # LoadGen makes its queries beforehand: half of the shortest time asks for enough of them.
    asked.single_stream_expected_latency_ns = max(1, round(5e8 * min(engine.seconds(0) for _ in range(3))))
    asked.qsl_rng_seed = asked.sample_index_rng_seed = asked.schedule_rng_seed = settings.seed
    with tempfile.TemporaryDirectory() as folder:
        place, log = loadgen.LogOutputSettings(), loadgen.LogSettings()
        place.outdir, place.copy_summary_to_stdout = folder, False
        log.log_output, log.enable_trace = place, False
        system = loadgen.ConstructSUT(issue, lambda: None)
        library = loadgen.ConstructQSL(count, count, lambda _: None, lambda _: None)
        try:
            loadgen.StartTestWithLogSettings(system, library, asked, log)
        finally:
            loadgen.DestroyQSL(library)
            loadgen.DestroySUT(system)
        said = _said(Path(folder) / "mlperf_log_detail.txt")
    if failed:
        raise failed[0]
    valid = said.get("result_validity") == "VALID"
    row = {f"p{p.split('.')[0]}_ms": said[f"result_{p}_percentile_latency_ns"] / 1e6 for p in PERCENTILES}
    row |= {
        "rate": said["result_qps_without_loadgen_overhead"],
        "early_stopping_ms": said["early_stopping_latency_ss"] / 1e6,
    }
    reasons = [] if valid else [f"LoadGen calls it {said.get('result_validity', 'unfinished')}"]
    rate = Interval(latency.count / latency.total, None, None)
    return Measured(latency.count, clock.now() - began, latency, rate, [row], valid, reasons)


def _said(log: Path) -> dict[str, Any]:
    """Key -> value of LoadGen's detailed log."""
    lines = (line.partition("MLLOG ")[2] for line in log.read_text(encoding="utf-8").splitlines())
    return {entry["key"]: entry["value"] for entry in map(json.loads, filter(None, lines))}
