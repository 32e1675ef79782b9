"""`python -m benchmarks` is pilot-bench."""

from benchmarks.cli import main

main()
