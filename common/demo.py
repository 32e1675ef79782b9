"""pilot-demo: from a fresh clone to finished reports and one page over them, with the seconds that each part took.

It calls the same commands a person would type, so what it shows is what a person gets.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import time
from pathlib import Path

from common.cli import guard
from common.fault import Fault
from common.runs import find_run

PARTS = {  # part: its command
    "sample data": ["dvc", "pull", "--quiet"],
    "manufacturing": ["pilot-manufacturing", "data=sample"],
    "healthtech": ["pilot-healthtech", "data=sample"],
    "creative": [
        *("pilot-creative", "data=sample", "data.materials=[brick,gravel]"),
        # a tenth of the usual work
        *("model.patch=64", "model.base=40", "model.per_class=30", "model.steps=8", "tiles=2"),
    ],
    "benchmark": [
        *("pilot-bench", "run", "--bundle", "all", "--quick", "--scenario", "single_stream,offline"),
        *("--threads", "1", "--out", "runs/speed"),  # a server's p99 takes more queries than fit into 20 s
    ],
    "overview": ["pilot-bench", "index"],
}


def main() -> None:
    raise SystemExit(guard(demo))


def demo() -> None:
    """Run every part, print its seconds, and at the end where the reports are."""
    scripts = Path(sysconfig.get_path("scripts"))
    seconds = {}
    for part, (program, *words) in PARTS.items():
        print(f"\n$ {program} {' '.join(words)}", flush=True)
        began = time.perf_counter()
        done = subprocess.run([scripts / program, *words], check=False)  # noqa: S603 - our own commands
        if done.returncode:
            raise Fault(f"{program} {' '.join(words)} ended with exit code {done.returncode}; its words stand above")
        seconds[part] = time.perf_counter() - began
    print()
    for part, spent in seconds.items():
        print(f"{part:<16}{spent:6.1f} s")
    print(f"{'together':<16}{sum(seconds.values()):6.1f} s")
    installed = Path(sys.prefix, ".installed")  # make install leaves its seconds there
    print(f"{'installation':<16}{installed.read_text().strip():>4}   s, once\n" if installed.is_file() else "")
    for part, (program, *_) in PARTS.items():
        if program == f"pilot-{part}":
            print(f"report: {find_run(f'{part}/latest').resolve() / 'report.html'}")
    print(f"all of it, and what to do next: {Path('runs/index.html').resolve()}")


if __name__ == "__main__":
    main()
