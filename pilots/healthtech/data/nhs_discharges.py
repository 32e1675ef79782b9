"""Patients discharged, and patients who need no acute bed any more, daily by acute trust, England.

From the acute daily discharge situation report, as one table: nhs_trust22_code, date, discharged_by_1700,
discharged_between_1701_2359, discharged_total, do_not_meet_criteria_to_reside. What is known of it, April 2022 to
August 2025: 2022-06-19 is zero for every trust; the split by hour ends in May 2023; some trusts stop for weeks. No map
of trusts to regions comes with it, so there is no level above them unless `total` adds up all.
"""

from __future__ import annotations

from collections.abc import Sequence

from pilots.healthtech.data.contract import Counts
from pilots.healthtech.data.csv import CsvCounts
from pilots.healthtech.data.nhs import LICENCE, choose

MEASURES = {
    "discharged": "discharged_total",
    "discharged_by_1700": "discharged_by_1700",
    "discharged_after_1700": "discharged_between_1701_2359",
    "no_criteria_to_reside": "do_not_meet_criteria_to_reside",
}


class NhsDischarges:
    """Daily counts of England's acute trusts.

    path     the table, as .csv or .csv.gz
    measure  discharged | discharged_by_1700 | discharged_after_1700 | no_criteria_to_reside
    orgs     all | reporting (in the last 28 days) | [RRK, RXK]
    total    a name, such as England: all trusts together are forecast too; null = none
    delay    days, the last ones, that are not fully reported yet
    exclude  [[from, to]] days to take as missing
    """

    def __init__(
        self,
        path: str,
        measure: str = "discharged",
        orgs: str | Sequence[str] = "all",
        total: str | None = None,
        delay: int = 0,
        exclude: Sequence = (),
    ):
        if measure not in MEASURES:
            raise ValueError(f"measure is one of {', '.join(MEASURES)}, got {measure}")
        if total and orgs not in ("all", "reporting"):
            raise ValueError(f"total={total} adds up all trusts: leave out orgs={orgs}, or the total")
        self.path, self.measure, self.orgs, self.total = path, measure, orgs, total
        self.delay, self.exclude = delay, exclude

    def read(self) -> Counts:
        counts = CsvCounts(
            path=self.path,
            columns={"time": "date", "value": MEASURES[self.measure], "series": "nhs_trust22_code"},
            freq="D",
            delay=self.delay,
            exclude=self.exclude,
            total=self.total,
            name=f"nhs_discharges, {self.measure.replace('_', ' ')}",
            licence=LICENCE.format("acute daily discharge situation report"),
        ).read()
        return choose(counts, self.orgs)
