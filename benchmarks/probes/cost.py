"""What a million inferences cost, from a price that the user names."""

from __future__ import annotations

from collections.abc import Mapping

MILLION = 1_000_000
SECONDS_PER_HOUR = 3600

Interval = Mapping[str, float | None]


def per_million(price_per_hour: float, rate_per_s: Interval) -> dict[str, float | None]:
    """{value, low, high} in the currency of the price, from {value, low, high} in inferences per second.

    The interval is that of the rate alone, turned round: the highest rate costs least. None where there is no rate.
    """
    spent = {
        name: price_per_hour / SECONDS_PER_HOUR / rate * MILLION if rate else None for name, rate in rate_per_s.items()
    }
    return {"value": spent["value"], "low": spent["high"], "high": spent["low"]}
