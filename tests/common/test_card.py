"""The model card: facts beside judgements, and what nobody has judged stays visibly empty."""

from __future__ import annotations

import copy

import pytest

from common.card import EMPTY, model_card, number

RUN = {
    "pilot": "manufacturing",
    "model": "ridge",
    "task": "rul",
    "seeds": [0, 1],
    "version": "20260131120000",
    "command": "pilot-manufacturing model=ridge",
    "commit": "a" * 40,
    "dirty": True,
    "data": {"name": "pumps", "rows": 12345, "series": 80, "sha256": "b" * 64, "licence": "CC0-1.0"},
    "metrics": {
        "rmse_clipped": {"value": 11.2345, "unit": "cycles", "low": 9.0, "high": 13.51, "naive": 41.9},
        "swd_floor": {"value": 0.00012346, "unit": "", "low": None, "high": None, "naive": None},
    },
    "parity": {"max_abs_diff": 0.0001, "tolerance": 0.001, "rows": 1000},
    "seconds": {"total": 61.25},
    "peak_memory_mb": 512.5,
    "machine": {"cpu": "EPYC", "cores": 2, "ram_gb": 24.0, "gpu": None, "versions": {}},
}
CARD = {
    "title": "Remaining life of pumps",
    "decision": "which pumps are opened this week",
    "not_for": ["stopping a machine without a person", ""],
    "owner": None,
    "approved_by": "  ",
    "limits": [],
    "cost_gbp": {"breakdown": 8000, "inspection": None},
}


def test_judgements_and_facts_stand_together():
    card = model_card(RUN, CARD)
    assert card.startswith("# Remaining life of pumps\n")
    assert "## The decision it supports\n\nwhich pumps are opened this week" in card
    assert "| rmse\\_clipped | cycles | 11.23 | 9 to 13.51 | 41.9 |" in card
    assert "12,345 rows, 80 series" in card
    assert "differ by at most 0.0001 over 1,000 rows (allowed: 0.001)" in card
    assert "a" * 40 + ", with changes not yet committed" in card


def test_empty_judgements_are_counted_and_shown():
    card = model_card(RUN, CARD)
    assert "**5 judgements are still missing**" in card  # one of not_for, owner, approved_by, limits, inspection
    assert card.count(f"*{EMPTY}*") == 5
    assert EMPTY == "To be completed by a person"
    assert "**1 judgement is still missing**" in model_card(RUN, {"title": "x", "owner": None})


def test_a_full_card_says_so():
    card = model_card(RUN, {"title": "x", "owner": "A. Person", "quota": 0, "agreed": False})
    assert EMPTY not in card
    assert "Every judgement in this card was made by a person" in card
    assert "## Agreed\n\nFalse" in card


def test_code_fills_in_nothing():
    people = ["owner", "approved_by", "likelihood", "severity", "review_date"]
    card = model_card(RUN, dict.fromkeys(people))
    for key in people:
        assert f"## {(key[0].upper() + key[1:]).replace('_', ' ')}\n\n*{EMPTY}*" in card


def test_a_figure_without_its_naive_stands_apart():
    card = model_card(RUN, CARD)
    table, rest = card.split("| floor or property |")
    assert "swd" not in table
    assert "| swd\\_floor |  | 0.0001235 | – |" in rest


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "a|b", "[x](javascript:1)", "`code`", "line\n# heading", "![x](y)"]
)
def test_names_from_files_are_text_and_nothing_else(text):
    run = copy.deepcopy(RUN)
    run["data"]["name"] = run["data"]["licence"] = run["command"] = text
    run["metrics"][text] = run["metrics"]["rmse_clipped"]
    card = model_card(run, {**CARD, "title": text, "owner": text, text: "x"})
    assert "<script>" not in card
    assert "](" not in card.replace("\\](", "")
    assert "\n# heading" not in card
    rows = [line for line in card.splitlines() if line.startswith("| ")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {5, 6}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0, "0"),
        (12345, "12,345"),
        (12345.678, "12,346"),
        (-0.00012346, "-0.0001235"),
        (11.0, "11"),
        (99.996, "100"),
    ],
)
def test_numbers(value, text):
    assert number(value) == text
