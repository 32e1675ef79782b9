"""pilot-manufacturing: predictive maintenance from a firm's own sensor data."""

from common.cli import pilot

VERBS = {"check": "pilots.manufacturing.check"}


def main() -> None:
    raise SystemExit(pilot("manufacturing", VERBS))


if __name__ == "__main__":
    main()
