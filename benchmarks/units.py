"""Words of the command line that carry a unit, read strictly: 2, 50ms, 1000/s, 0.05."""

from __future__ import annotations

import argparse
import re
from typing import NoReturn

from common.fault import Fault

NUMBER = r"\d{1,9}(?:\.\d{1,9})?"


class Parser(argparse.ArgumentParser):
    """argparse that answers a mistake with one sentence."""

    def error(self, message: str) -> NoReturn:
        raise Fault(f"{self.prog}: {message} (see {self.prog} --help)")


def seconds(text: str) -> float:
    """2, 2s, 500ms -> seconds."""
    return _positive(text, {"": 1.0, "s": 1.0, "ms": 1e-3, "min": 60.0}, "a duration such as 2, 500ms or 1min")


def milliseconds(text: str) -> float:
    """50ms, 0.2s, 800us -> milliseconds."""
    return _positive(text, {"ms": 1.0, "s": 1e3, "us": 1e-3, "µs": 1e-3}, "a latency such as 50ms, 0.2s or 800us")


def rate(text: str) -> float:
    """1000/s, 60/min, 1e3 is not read -> queries per second."""
    units = {"/s": 1.0, "/min": 1 / 60, "/h": 1 / 3600}
    return _positive(text, units, "a rate such as 1000/s, 60/min or 20/h")


def price(text: str) -> float:
    """0.05 -> pounds an hour of one core, or of one GPU."""
    if not re.fullmatch(NUMBER, text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r:.40} is not a price in pounds an hour, such as 0.05")
    return float(text)


def count(text: str) -> int:
    if not re.fullmatch(r"\d{1,6}", text, re.ASCII) or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r:.40} is not a number from 1 to 999999")
    return int(text)


def seed(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r:.40} is not a whole number from 0 to 999999999")
    return int(text)


def words(text: str) -> list[str]:
    """a,b -> its parts, each once."""
    return list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _positive(text: str, units: dict[str, float], wanted: str) -> float:
    found = re.fullmatch(rf"({NUMBER})\s?([a-zµ/]*)", text)
    if not found or found[2] not in units or float(found[1]) == 0:
        raise argparse.ArgumentTypeError(f"{text!r:.40} is not {wanted}")
    return float(found[1]) * units[found[2]]
