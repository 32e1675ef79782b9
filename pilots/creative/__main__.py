"""pilot-creative: seamless tiles and patterns that learn from a studio's own pictures."""

from common.cli import pilot

VERBS = {
    "check": "pilots.creative.check",
    "palette": "pilots.creative.use.palette",
    "repair": "pilots.creative.use.repair",
    "rights": "pilots.creative.rights",
    "tile": "pilots.creative.use.tile",
    "variation": "pilots.creative.use.variation",
    "verify": "pilots.creative.use.verify",
}


def main() -> None:
    raise SystemExit(pilot("creative", VERBS))


if __name__ == "__main__":
    main()
