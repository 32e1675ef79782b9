"""The second process, which draws the baselines, does not outlive the first."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = """
import os, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pilots.creative.beside import end_with_parent
if __name__ == "__main__":
    other = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=end_with_parent)
    print(other.submit(os.getpid).result(), flush=True)
    other.submit(time.sleep, 600)
    time.sleep(600)
"""


def test_a_killed_run_leaves_nobody_at_work(tmp_path):
    (tmp_path / "main.py").write_text(CODE)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "main.py"], cwd=tmp_path, env=environment, stdout=subprocess.PIPE) as first:
        second = int(first.stdout.readline())
        first.kill()
    for _ in range(600):
        if not alive(second):
            break
        time.sleep(0.1)
    assert not alive(second)


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat")  # a zombie, which nobody has asked after yet, works no more
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"
