"""What a million inferences cost, from a price that the user names."""

from __future__ import annotations

from collections.abc import Mapping

MILLION = 1_000_000
SECONDS_PER_HOUR = 3600


def per_million(price_per_hour: float, rate_per_s: Mapping[str, float]) -> dict[str, float]:
    """{value, low, high} in the currency of the price, from {value, low, high} in inferences per second.

    The interval is that of the rate alone, turned round: the highest rate gives the lowest cost.
    """
    value, low, high = (rate_per_s[name] for name in ("value", "low", "high"))
    return {
        "value": _cost(price_per_hour, value),
        "low": _cost(price_per_hour, high),
        "high": _cost(price_per_hour, low),
    }


def _cost(price_per_hour: float, rate: float) -> float:
    return price_per_hour / (rate * SECONDS_PER_HOUR) * MILLION if rate > 0 else float("inf")
