"""A pilot of a few lines, to try the commands on: laid into a folder and run as `python toy.py …`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

FILES = {
    "pilots/toy/__init__.py": "",
    "pilots/toy/parts.py": """
from __future__ import annotations
from os import listdir
from pathlib import Path

def function(): pass

class Ridge:
    def __init__(self, ridge: float = 1.0, cap: float | None = None, inner: object = None, size: int = 1):
        if ridge <= 0:
            raise ValueError(f"ridge must be > 0, got {ridge}")
        self.ridge, self.cap, self.inner, self.size = ridge, cap, inner, size

class Csv:
    def __init__(self, path: str, columns: dict | None = None):
        self.path, self.columns = path, columns

class Broken:
    def __init__(self): raise RuntimeError("a mistake of ours")

class Open:
    def __init__(self, **settings): self.settings = settings
""",
    "pilots/toy/check.py": "def main(argv): print('checked', argv)\n",
    "pilots/toy/train.py": """
import os, signal, sys
import hydra

@hydra.main(version_base="1.3", config_path="../../conf/toy", config_name="config")
def main(cfg):
    import numpy as np
    from common.config import build
    from common.run import Run

    run = Run.start(cfg, "toy")
    with run.stage("data"):
        print("path", repr(build(cfg.data).path))
    model = build(cfg.model)
    made = 0
    with run.stage("fit"):
        for step in range(3):
            if cfg.die == step:
                os.kill(os.getpid(), {"kill": signal.SIGKILL, "stop": signal.SIGINT}[cfg.how])
            if cfg.full == step:
                raise OSError(28, "No space left on device", "somewhere")
            def compute():
                print("computed", step, file=sys.stderr)
                return {"x": np.random.default_rng(step).normal(size=5) * model.ridge}
            made += float(run.keep(f"step{step}", compute)["x"].sum())
    metric = {"value": made, "unit": "V", "low": made, "high": made, "naive": 0.0}
    run.finish({
        "data": {"name": "toy", "rows": 3, "series": 1, "sha256": "0" * 64, "licence": "CC0"}, "origins": 0,
        "metrics": {"made": metric}, "parity": {"max_abs_diff": 0.0, "tolerance": 0.0, "rows": 3},
    })
    return made
""",
    "conf/toy/__init__.py": "",
    "conf/toy/config.yaml": """
defaults:
  - base
  - run: default
  - data: csv
  - model: ridge
  - _self_
task: toy
die: null
full: null
how: kill
hydra:
  searchpath: [pkg://conf.shared]
""",
    "conf/toy/data/__init__.py": "",
    "conf/toy/data/csv.yaml": "_target_: pilots.toy.parts.Csv\npath: none.csv\ncolumns: null\n",
    "conf/toy/model/__init__.py": "",
    "conf/toy/model/ridge.yaml": "_target_: pilots.toy.parts.Ridge\nridge: 1.0\ncap: null\n",
    "conf/toy/model/open.yaml": "_target_: pilots.toy.parts.Open\n",
    "conf/toy/model/broken.yaml": "_target_: pilots.toy.parts.Broken\n",
    "toy.py": """
import os, sys
import pilots, conf
here = os.path.dirname(os.path.abspath(__file__))
pilots.__path__.append(os.path.join(here, "pilots"))
conf.__path__.append(os.path.join(here, "conf"))
from common.cli import pilot
sys.exit(pilot("toy", {"check": "pilots.toy.check"}))
""",
}


def lay(folder: Path) -> Path:
    """Write the toy pilot's files; returns the script to run."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip("\n"), encoding="utf-8")
    return folder / "toy.py"


def run_toy(script: Path, *words: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """`pilot-toy words…` in the folder `cwd`."""
    # Started by a test runner in the background, a process would ignore an interrupt.
    return subprocess.run(
        [sys.executable, str(script), *words],
        cwd=cwd,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
