"""Does any command reach for the network? The demo's commands and a prediction, under strace.

strace is a Debian package (`apt-get install strace`); where it is missing or tracing is not allowed, this is skipped.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from ipaddress import ip_address
from pathlib import Path

from benchmarks.soak.count import FULL, Count
from benchmarks.soak.firm import Firm

CALLS = "trace=connect,sendto,sendmsg,sendmmsg"
ADDRESS = re.compile(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"')
ELSEWHERE = "192.0.2.1"  # reserved for documentation (RFC 5737): no machine has it
ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(sysconfig.get_path("scripts"))


def listen(folder: Path, firm: Firm, run: Path) -> Count:
    """Each command once, as its own process from a home folder that has never seen it."""
    count = Count("reaching for the network")
    folder.mkdir(parents=True)
    count.skipped = _forbidden(folder)
    if count.skipped:
        return count
    clone = _clone(folder / "clone")
    if clone:
        _traced(count, clone, SCRIPTS / "dvc", "pull", "--quiet")
    if FULL:
        _traced(count, clone or folder, SCRIPTS / "pilot-demo")
    else:
        _traced(count, folder, SCRIPTS / "pilot-manufacturing", *firm.words, "model=ridge")
    _traced(count, folder, SCRIPTS / "pilot-predict", str(run), str(firm.new))
    return count


def outside(trace: str) -> list[str]:
    """Lines of a trace that name an internet address beyond this machine."""
    found = []
    for line in trace.splitlines():
        for four, six in ADDRESS.findall(line):
            if not ip_address(four or six).is_loopback:
                found.append(line)
    return found


def _traced(count: Count, folder: Path, *command: str | Path) -> None:
    name = " ".join([Path(command[0]).name, *map(str, command[1:])])[:60]
    done, trace = _strace(folder, *command)
    if done.returncode:
        count.fail(f"{name}: exit code {done.returncode}: {done.stderr[-300:]}")
    count.add("commands traced")
    count.did["calls looked at"] += len(trace.splitlines())
    for line in outside(trace):
        count.fail(f"{name}: {line}")


def _strace(folder: Path, *command: str | Path) -> tuple[subprocess.CompletedProcess, str]:
    home = folder / "home"
    home.mkdir(exist_ok=True)
    # No word in the environment that would keep a library quiet.
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"}
    trace = folder / "trace"
    done = subprocess.run(
        ["strace", "-f", "-qq", "-s", "64", "-e", CALLS, "-e", "signal=none", "-o", trace, *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done, trace.read_text(encoding="utf-8", errors="replace") if trace.exists() else ""


def _forbidden(folder: Path) -> str:
    """Why tracing is not possible here, or nothing. A call that must be seen shows that tracing sees."""
    if not shutil.which("strace"):
        return "strace is not installed (apt-get install strace)"
    call = (
        f"import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('{ELSEWHERE}', 9))"  # sends nothing
    )
    done, trace = _strace(folder, sys.executable, "-c", f"try:\n {call}\nexcept OSError: pass")
    if len(outside(trace)) != 1:
        return f"tracing is not allowed here ({done.stderr.strip()[-200:]})"
    return ""


def _clone(folder: Path) -> Path | None:
    """What `dvc pull` needs of this repository, in a folder of its own; None where the project is only installed."""
    if not (ROOT / "data.dvc").exists() or not shutil.which("git"):
        return None
    folder.mkdir()
    shutil.copytree(ROOT / ".dvc", folder / ".dvc", ignore=shutil.ignore_patterns("cache", "tmp"))
    for name in ("data.dvc", ".dvcignore"):
        shutil.copy(ROOT / name, folder)
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    return folder
