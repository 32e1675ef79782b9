"""pilot-healthtech: patient-flow forecasts from a hospital's own counts."""

from common.cli import pilot

VERBS = {"check": "pilots.healthtech.check"}


def main() -> None:
    raise SystemExit(pilot("healthtech", VERBS))


if __name__ == "__main__":
    main()
