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
from benchmarks.soak.forks import Job, Plan, Room, one, side_by_side
from common.machine import cores

CALLS = "trace=connect,sendto,sendmsg,sendmmsg"
ADDRESS = re.compile(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"')
ELSEWHERE = "192.0.2.1"  # reserved for documentation (RFC 5737): no machine has it
ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(sysconfig.get_path("scripts"))


def listen(folder: Path, firm: Firm, run: Path) -> Count:
    """Each command once, as its own process from a home folder that has never seen it."""
    count = Count("reaching for the network")
    count.skipped = _forbidden(Room(folder / "probe"))
    if count.skipped:
        return count
    commands = {
        "clone": ("pilot-demo",) if FULL else ("dvc", "pull", "--quiet"),
        "train": ("pilot-manufacturing", *firm.words, "model=ridge"),
        "predict": ("pilot-predict", str(run), str(firm.new)),
        "patients": ("pilot-healthtech", "data=sample", "model=glm"),
    }
    rooms = {name: Room(folder / name) for name in commands}
    if not _clone(rooms["clone"].here):
        del commands["clone"]
    side_by_side((_traced(count, rooms[name], *words) for name, words in commands.items()), cores())
    return count


def outside(trace: str) -> list[str]:
    """Lines of a trace that name an internet address beyond this machine."""
    found = []
    for line in trace.splitlines():
        for four, six in ADDRESS.findall(line):
            if not ip_address(four or six).is_loopback:
                found.append(line)
    return found


def _traced(count: Count, room: Room, program: str, *words: str) -> Plan:
    outcome, name = (yield _strace(room, str(SCRIPTS / program), *words)), f"{program} {' '.join(words)}"[:60]
    if outcome.code:
        count.fail(f"{name}: exit code {outcome.code}: {outcome.err[-300:]}")
    trace = _trace(room)
    count.add("commands traced")
    count.did["calls looked at"] += len(trace.splitlines())
    for line in outside(trace):
        count.fail(f"{name}: {line}")


def _strace(room: Room, *command: str) -> Job:
    home = room.root / "home"
    home.mkdir()
    # No word in the environment that would keep a library quiet.
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"}
    tracer = ["strace", "-f", "-qq", "-s", "64", "-e", CALLS, "-e", "signal=none", "-o", str(room.root / "trace")]
    return Job(lambda: os.execvpe("strace", [*tracer, *command], environment), (), room)  # noqa: S606


def _trace(room: Room) -> str:
    trace = room.root / "trace"
    return trace.read_text(encoding="utf-8", errors="replace") if trace.exists() else ""


def _forbidden(room: Room) -> str:
    """Why tracing is not possible here, or nothing. A call that must be seen shows that tracing sees."""
    if not shutil.which("strace"):
        return "strace is not installed (apt-get install strace)"
    reach = f"import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect_ex(('{ELSEWHERE}', 9))"
    outcome = one(_strace(room, sys.executable, "-c", reach))  # to connect a datagram socket sends nothing
    if len(outside(_trace(room))) != 1:
        return f"tracing is not allowed here ({outcome.err.strip()[-200:]})"
    return ""


def _clone(folder: Path) -> bool:
    """What `dvc pull` needs of this repository, laid into `folder`; False where the project is only installed."""
    if not (ROOT / "data.dvc").exists() or not shutil.which("git"):
        return False
    shutil.copytree(ROOT / ".dvc", folder / ".dvc", ignore=shutil.ignore_patterns("cache", "tmp"))
    for name in ("data.dvc", ".dvcignore"):
        shutil.copy(ROOT / name, folder)
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    return True
