"""What the page says of money: a saving with its interval, and plainly when there is none."""

import copy

import pytest

from pilots.manufacturing import worth
from pilots.manufacturing.words import Words
from tests.manufacturing.test_run_report import ALARM, MONEY

SAY = Words("hour", 100.0)


def money(**saving) -> dict:
    told = copy.deepcopy(MONEY)
    told["saving"] |= saving
    return told


def test_a_saving_stands_with_its_interval_and_what_it_is_against():
    assert worth.saving(MONEY, SAY) == (
        "Against the best fixed interval (renewal every 90 hours) the alarm would save £1,800 a year "
        "(£300 to £3,000) on 3 machines like these."
    )
    assert worth.against_never(MONEY) == (
        "Against running every machine to failure it would save £4,800 a year (£4,000 to £6,000)."
    )


@pytest.mark.parametrize(
    ("saving", "said"),
    [
        ({"low": -200.0}, "It is not shown that the alarm saves anything"),
        ({"value": -900.0, "low": -2000.0, "high": -100.0}, "The alarm would save nothing: on 3 machines like these"),
        (
            {"value": -900.0, "low": -2000.0, "high": -100.0, "against": "never"},
            "running to failure is cheaper by £900",
        ),
    ],
)
def test_it_says_when_it_would_not_save(saving, said):
    assert said in worth.saving(money(**saving), SAY)


def test_the_assumptions_stand_beside_it():
    told = worth.assumptions(MONEY, SAY)
    assert "a breakdown costs £8,000, planned work £1,500" in told
    assert "work is done 5 hours after the alarm; a machine runs 720 hours a month" in told


def test_notice_and_misses():
    assert worth.notice(MONEY, SAY) == (
        "18 of 20 failures were announced in time, half of them 20 hours or more ahead (nine in ten: 8 to 40 hours); "
        "2 were missed. 1 alarm came more than 60 hours too soon."
    )
    none = {**MONEY, "missed": 20, "notice": dict.fromkeys(MONEY["notice"])}
    assert worth.notice(none, SAY).startswith("0 of 20 failures were announced in time; 20 were missed.")


def test_tables():
    assert worth.policy_rows(MONEY, SAY)[1] == ["The best fixed interval, 90 hours", "£1,500", "£1,200 to £1,900"]
    assert worth.alarm_rows({"metrics": ALARM}, SAY)[0][1:] == [
        "10\N{NO-BREAK SPACE}%",
        "5 to 20\N{NO-BREAK SPACE}%",
        "40\N{NO-BREAK SPACE}%",
    ]


@pytest.mark.parametrize(
    ("amount", "said"), [(0, "£0"), (4, "£4"), (433867, "£434,000"), (-12.34, "−£12"), (0.5, "£0.5")]
)
def test_pounds(amount, said):
    assert worth.pounds(amount) == said
