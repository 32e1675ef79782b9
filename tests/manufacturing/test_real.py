"""On NASA's own files: cross-validated error, parity on every test row and the protocol. Never a test score."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REAL = os.environ.get("PILOTS_REAL_DATA")
RUN = "from pilots.manufacturing.__main__ import main; main()"
# rows of the test file; most CV error of the trees, cycles: measured 8.1 and 7.4, plus 5 %
WANTED = {"FD001": (13096, 8.5), "FD003": (16596, 7.8)}


@pytest.mark.long
@pytest.mark.skipif(not REAL, reason="PILOTS_REAL_DATA is not set: the original files are not here")
@pytest.mark.parametrize("subset", WANTED)
def test_cross_validation_parity_and_protocol(subset, tmp_path):
    rows, most = WANTED[subset]
    words = ["data=cmapss", f"data.root={REAL}/cmapss", f"data.subset={subset}", "model=gbdt"]
    command = [sys.executable, "-c", RUN, *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    facts = json.loads((Path(done.stdout.strip().removeprefix("run: ")) / "run.json").read_text())
    assert facts["cv_rmse_clipped"] <= most
    assert facts["parity"]["rows"] == rows
    assert facts["parity"]["over_tolerance"] == 0
    assert facts["parity"]["max_abs_diff"] <= 1e-3
    assert facts["conditions"] == 1
    assert (facts["split"]["train_failures"], facts["split"]["test_lives"]) == (100, 100)
    covered = sum(b["rows"] * b["coverage"] for b in facts["by_rul_bin"]) / sum(b["rows"] for b in facts["by_rul_bin"])
    assert 0.85 <= covered <= 0.97  # nested: machines that neither model nor interval had seen
