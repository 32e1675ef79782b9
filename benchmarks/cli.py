"""`pilot-bench`: how fast a bundle is on this machine, and whether that can be trusted.

The first word is a verb with its own module; nothing slow is imported before it is known.
"""

from __future__ import annotations

import importlib
import sys

from common.cli import guard
from common.fault import Fault, did_you_mean

VERBS = {
    "run": ("benchmarks.run", "measure bundles and write a result file"),
    "verify": ("benchmarks.verify", "is a result file true: hashes again, a part measured again"),
    "table": ("benchmarks.table", "tables and plots from result files"),
    "compare": ("benchmarks.compare", "what changed between two result files, beyond the noise"),
    "size": ("benchmarks.size", "how many cores or GPUs for a rate, and what they cost"),
    "index": ("benchmarks.index", "runs/index.html over the newest run of each pilot"),
    "slurm": ("benchmarks.slurm.command", "the same measurements as a job on a Slurm cluster"),
}
HELP = "usage: pilot-bench VERB …\n\n" + "".join(f"  {verb:8} {says}\n" for verb, (_, says) in VERBS.items())
HELP += "\nexample:\n  pilot-bench run --bundle latest --scenario single_stream,offline\n"
HELP += "  pilot-bench VERB --help says more\n"


def main() -> None:
    """The command; the exit code is 0, or 2 after one sentence on standard error."""
    sys.exit(guard(lambda: command(sys.argv[1:])))


def command(words: list[str]) -> None:
    if not words or words[0] in ("-h", "--help"):
        print(HELP, end="")
        return
    verb, *rest = words
    if verb not in VERBS:
        raise Fault(f"pilot-bench knows no '{verb}': {did_you_mean(verb, VERBS)}")
    importlib.import_module(VERBS[verb][0]).main(rest)
