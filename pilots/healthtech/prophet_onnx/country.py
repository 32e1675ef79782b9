"""Days of a country's public holidays, from the same package and with the same settings as Prophet."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from common.fault import Fault

EPOCH = date(1970, 1, 1).toordinal()
RENAMED = {"TU": "TR"}  # Prophet's old code for Turkey


def country_days(country: Any, first_year: int, last_year: int) -> dict[str, set[int]]:
    """Epoch days per holiday name, for whole years."""
    try:
        import holidays  # wanted only by models with add_country_holidays
        from holidays.registry import EntityLoader
    except ImportError as error:
        raise Fault("the model has holidays of a country: pip install holidays") from error
    code = RENAMED.get(country, country) if isinstance(country, str) else ""
    known = getattr(holidays, code, None) if re.fullmatch(r"[A-Za-z]{2,40}", code) else None
    if not isinstance(known, EntityLoader):
        raise Fault(f"country_holidays is {str(country)[:60]!r}, which the package holidays does not know")
    if not 1 <= first_year <= last_year <= 2200 or last_year - first_year > 300:
        raise Fault(f"holidays of {first_year} to {last_year} are too many years: at most 300, until 2200")
    calendar = known(expand=False, language="en_US", years=range(first_year, last_year + 1))
    found: dict[str, set[int]] = {}
    for day in calendar:
        for name in calendar.get_list(day):
            found.setdefault(name, set()).add(day.toordinal() - EPOCH)
    return found
