"""When there is no school: a rule of thumb for each nation of the United Kingdom, or a user's own table.

The rule is an approximation: councils set their own dates and differ by a week or more, private schools by several.
It holds what many of them share, as stated at each line of `school_holidays`. A table of one's own replaces it:

    python -m pilots.healthtech.school 2023 2026 Wales > school.csv     prints the rule's rows, to be corrected
    calendar.school=school.csv                                          uses it

from,to,name   first and last day without school, in order, no day twice. Before its first and after its last day the
               rule goes on (in another country: no school holiday is known there).
"""

from __future__ import annotations

import math
import sys
from datetime import date, timedelta

from dateutil.easter import easter

from common.fault import Fault
from common.table import Column, read_table

Away = tuple[date, date, str]  # first and last day, name
MONDAY, SATURDAY = 0, 5
LONGEST = 120  # days; a longer holiday is a typing error
COLUMNS = (
    Column("from", "", -math.inf, math.inf, kind="time"),
    Column("to", "", -math.inf, math.inf, kind="time"),
    Column("name", "", -math.inf, math.inf, required=False, kind="text"),
)


def school_holidays(first_year: int, last_year: int, nation: str | None) -> list[Away]:
    """The rule's rows, in order; none outside the United Kingdom (nation None) or for a part the rule does not know."""
    rule = {
        **dict.fromkeys(("England", "ENG", "Wales", "WLS"), _england_and_wales),
        **dict.fromkeys(("Scotland", "SCT"), _scotland),
        **dict.fromkeys(("Northern Ireland", "NIR"), _northern_ireland),
    }.get(nation or "")
    if rule is None:
        return []
    winters = range(first_year - 1, last_year + 1)
    rows = [(*_run(_first(SATURDAY, year, 12, 17), 16), "Christmas") for year in winters]
    for year in range(first_year, last_year + 1):
        rows += [(a, b, name) for name, (a, b) in rule(year).items()]
    return sorted(rows)


def _england_and_wales(year: int) -> dict[str, tuple[date, date]]:
    last_may = _first(MONDAY, year, 5, 25)
    return {
        "February half-term": _week(_first(MONDAY, year, 2, 12)),
        "Easter": _run(easter(year) - timedelta(8), 16),  # the weeks before and after Easter Sunday
        "May half-term": _week(last_may),  # of the spring bank holiday
        "summer": (_first(SATURDAY, year, 7, 20), _first(MONDAY, year, 9, 1) - timedelta(1)),
        "October half-term": _week(_first(MONDAY, year, 10, 22)),
    }


def _scotland(year: int) -> dict[str, tuple[date, date]]:
    return {
        "February mid-term": _run(_first(MONDAY, year, 2, 10) - timedelta(2), 5),  # to Wednesday
        "spring": _run(_first(SATURDAY, year, 3, 30), 16),
        "summer": (_first(SATURDAY, year, 6, 24), date(year, 8, 14)),
        "October": _week(_first(MONDAY, year, 10, 10)),
    }


def _northern_ireland(year: int) -> dict[str, tuple[date, date]]:
    return {
        "February half-term": _week(_first(MONDAY, year, 2, 12)),
        "Easter": _run(easter(year) - timedelta(3), 11),  # Maundy Thursday to the Sunday after
        "summer": (date(year, 7, 1), date(year, 8, 31)),
        "Halloween": _week(_first(MONDAY, year, 10, 25)),
    }


def _first(weekday: int, year: int, month: int, day: int) -> date:
    """The first such weekday on or after a date."""
    start = date(year, month, day)
    return start + timedelta((weekday - start.weekday()) % 7)


def _week(monday: date) -> tuple[date, date]:
    """A week without school and the weekends on both sides."""
    return _run(monday - timedelta(2), 9)


def _run(start: date, days: int) -> tuple[date, date]:
    return start, start + timedelta(days - 1)


def read_school(path: str, otherwise: list[Away]) -> list[Away]:
    """A user's rows, and `otherwise`'s where they do not reach."""
    table = read_table(path, COLUMNS, setting=None)
    where = f"{table.attrs['path']} line"
    rows: list[Away] = []
    for line, row in table.iterrows():
        for name in ("from", "to"):
            if not hasattr(row[name], "date"):
                raise Fault(f"{where} {line}: {name} = {row[name]:g} is not a date: write it as 2026-07-22")
        a, b = row["from"].date(), row["to"].date()
        if b < a:
            raise Fault(f"{where} {line}: to = {b} lies before from = {a}: exchange them")
        if (b - a).days >= LONGEST:
            raise Fault(f"{where} {line}: {a} to {b} are {(b - a).days + 1} days; no school is closed for {LONGEST}")
        if rows and a <= rows[-1][1]:
            what = (
                "begins before the row above"
                if a < rows[-1][0]
                else f"overlaps the row above, which ends on {rows[-1][1]}"
            )
            raise Fault(f"{where} {line}: from = {a} {what}: put the rows in order, each day in one row only")
        rows.append((a, b, str(row.get("name", ""))))
    return [r for r in otherwise if r[1] < rows[0][0]] + rows + [r for r in otherwise if r[0] > rows[-1][1]]


if __name__ == "__main__":
    print("from,to,name")
    for first_day, last_day, holiday in school_holidays(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]):
        print(f"{first_day},{last_day},{holiday}")
