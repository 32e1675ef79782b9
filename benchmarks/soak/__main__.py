"""python -m benchmarks.soak: every count, one line each. FULL=1 for larger ones. Exit code 1 if anything failed."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.soak import corruption, damaged_runs, disk, kills, network, provenance, refusals
from benchmarks.soak.count import FULL, Count
from benchmarks.soak.firm import found
from benchmarks.soak.undisturbed import QUICK, predict_undisturbed, train_undisturbed


def main() -> int:
    if sys.platform != "linux":
        print("soak: skipped: it forks, kills and mounts as only Linux does")
        return 0
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="soak-") as root:
        os.environ["XDG_CACHE_HOME"] = f"{root}/cache"  # bundles met here are not remembered in anyone's home
        counts = soak(Path(root))
    failures = sum(len(count.failures) for count in counts)
    skipped = [count.name for count in counts if count.skipped]
    print(
        f"soak: {len(counts) - len(skipped)} counts{' (FULL)' if FULL else ''}, {len(skipped)} skipped, "
        f"{failures} failures, {time.perf_counter() - began:.0f} s"
    )
    return int(failures > 0)


def soak(root: Path) -> list[Count]:
    """Undisturbed commands first, then everything that can disturb them."""
    firm = found(root / "firm")
    print("undisturbed commands, to compare with: half a minute", file=sys.stderr, flush=True)
    runs = {model: train_undisturbed(root / model, firm, model) for model in QUICK}
    run = runs["ridge"]
    predict = predict_undisturbed(root / "predict", firm, run.folder)
    counts = []
    for count in (
        lambda: corruption.corrupt(root / "damage", run.folder / "bundle"),
        lambda: damaged_runs.damage_runs(root / "damaged runs", run.folder),
        lambda: refusals.refuse(root / "hostile", run.folder / "bundle"),
        lambda: disk.fill(root / "disk", [run, predict]),
        lambda: provenance.false_alarms(root / "unmarked"),
        lambda: provenance.flips(root / "flips"),
        lambda: network.listen(root / "network", firm, run.folder),
        lambda: kills.kill_predictions(root / "predictions", predict),
        lambda: kills.kill_runs(root / "runs", runs),
    ):
        counts.append(count())
        counts[-1].report()
    return counts


if __name__ == "__main__":
    sys.exit(main())
