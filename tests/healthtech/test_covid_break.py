"""The study of a declared break: its pages say what its result file holds."""

import json

from benchmarks.readme import ACCURACY, HEALTHTECH
from pilots.healthtech.experiments.covid_break.study import page, summary


def test_pages_are_the_stored_figures():
    result = json.loads((ACCURACY / "covid_break.json").read_text())
    assert len(result["rows"]) == 4
    assert f"<!-- covid-break -->\n{summary(result)}<!-- /covid-break -->" in HEALTHTECH.read_text(encoding="utf-8")
    assert (ACCURACY / "covid_break.md").read_text() == page(result)


def test_where_a_break_does_not_help_is_said():
    result = json.loads((ACCURACY / "covid_break.json").read_text())
    for row in result["rows"]:  # as if declaring it had spoiled everything
        for score in row["by_model"].values():
            score["pinball"] = 2.0 if row["exclude"] != "[]" else 1.0
    assert "ensemble (default) of attendances, climatology of attendances" in page(result)
