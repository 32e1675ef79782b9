"""A setting outside its range is told in a sentence, before anything is read."""

import pytest
from omegaconf import OmegaConf

from common.fault import Fault
from pilots.manufacturing.settings import LIMITS, check
from tests.test_every_model import config

WRONG = {
    "rul.cap=-5": "rul.cap=-5",
    "rul.horizon=2.5": "whole number",
    "alarm.threshold=abc": "alarm.threshold=abc is not a number",
    "alarm.threshold=200": "always sounds",
    "alarm.persistence=0": "from 1 to 1000",
    "alarm.hysteresis=-1": "from 0 to",
    "cost_gbp.breakdown=cheap": "cost_gbp.breakdown=cheap is not a number",
    "rul.cap=null": "rul.cap=None is not a number",
    "split.test_share=2": "0.01 to 0.9",
    "split.folds=1": "from 2 to 100",
    "split.cuts=true": "split.cuts=True",
    "parity=-1": "parity=-1",
    "task=anomali": "choose rul",
    "late_start=[2]": "between 0 and 1",
}


@pytest.mark.parametrize("word", WRONG)
def test_wrong_settings(word):
    with pytest.raises(Fault, match=WRONG[word]):
        check(config(word))


def test_the_settings_as_they_are_pass_and_every_number_has_a_limit():
    cfg = config()
    check(cfg)
    own = {key: OmegaConf.to_container(cfg[key]) for key in ("rul", "alarm", "anomaly", "split", "cost_gbp")}
    numbers = {f"{group}.{name}" for group, names in own.items() for name in names}
    assert numbers | {"parity"} == set(LIMITS)
