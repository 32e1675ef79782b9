"""One row at a time gives what the whole history at once gives, from a state whose size no row changes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from replay import replayed

from common.bundle.open import open_bundle
from common.bundle.session import Session
from common.evaluation import packed
from common.fault import Fault
from pilots.manufacturing.alarm import Alarm
from pilots.manufacturing.save import queries
from pilots.manufacturing.stream.decision import AlarmStep
from pilots.manufacturing.stream.export import FEATURES, proved, stepped
from pilots.manufacturing.stream.memory import NEXT


@pytest.fixture(scope="module")
def made(stepping):
    return stepping.graph, stepping.readings, stepping.held, stepping.said, stepping.decision


def test_every_row_of_every_life_is_the_batch_s(made):
    step, readings, held, batch, decision = made
    said = stepped(step, readings, held.length_L, decision.threshold)
    facts = proved(said, held, batch, (batch["p_fail"],) * 2, decision, 1e-3)
    assert facts["rows"] == held.length_L.sum() > 1000
    assert facts["features_max_abs_diff"] <= FEATURES
    assert 10 < said["alarm"].sum() < facts["rows"] - 10
    changes = np.diff(said["alarm"].astype(int), axis=1)
    assert (changes == -1).sum() > 3  # alarms that ended, too
    last = np.arange(len(held.length_L)), held.length_L - 1
    np.testing.assert_array_equal(said["alarm_row"][last], batch["alarm_row"])


def test_logs_that_begin_with_noughts(stepping):
    """Zeros are also what a state begins with: a sensor at rest from the first row on is stuck no sooner for it."""
    length = stepping.held.length_L[1:6]
    readings = stepping.readings[1:6, : length.max()].copy()
    readings[:, :8, 2:5] = 0.0
    whole = open_bundle(stepping.batch).run(readings=readings, length=length)
    said = stepped(stepping.graph, readings, length, stepping.decision.threshold)
    inside = np.arange(readings.shape[1]) < length[:, None]
    np.testing.assert_array_equal(said["quality"][inside], whole["quality"][inside])
    np.testing.assert_array_equal(said["lost"][inside], whole["lost"][inside])
    np.testing.assert_allclose(said["rul"][inside], whole["rul"][inside], rtol=0, atol=1e-3)
    assert len(np.unique(said["quality"][:, :8, 2])) > 1  # not stuck at first, then stuck


def test_a_step_that_differs_is_not_written(made):
    step, readings, held, batch, decision = made
    said = stepped(step, readings, held.length_L, decision.threshold)
    for name, message in (("features", "differ"), ("rul", "differ"), ("alarm_row", "alarm_row differs from the batch")):
        wrong = {**said, name: said[name].copy()}
        wrong[name][3, 20] += 1
        with pytest.raises(Fault, match=message):
            proved(wrong, held, batch, (batch["p_fail"],) * 2, decision, 1e-3)


def test_machines_may_join_later_and_stand_still(made):
    """Each machine's answer depends on its own rows alone, whoever else shows one in the same call."""
    step, readings, held, batch, _ = made
    session, random = Session(step.graph.SerializeToString()), np.random.default_rng(0)
    machines, rows = np.flatnonzero(held.length_L > 30)[:5], 30
    state, seen = {m.name: m.start(5) for m in step.memory}, np.zeros(5, int)
    while (seen < rows).any():
        at = np.flatnonzero((random.random(5) < 0.5) & (seen < rows))
        if at.size:
            now = readings[machines[at], seen[at]]
            given = {"readings": now, "threshold": np.array(30, np.float32)}
            out = session.run({**given, **{name: value[at] for name, value in state.items()}})
            np.testing.assert_allclose(out["rul"], batch["rul"][machines[at], seen[at]], rtol=0, atol=1e-3)
            for name, value in state.items():
                value[at] = out[name + NEXT]
            seen[at] += 1
    assert (state["row"] == rows).all()


def test_no_row_makes_the_state_larger(made):
    step, readings, held, *_ = made
    session, machine = Session(step.graph.SerializeToString()), int(held.length_L.argmax())
    log = np.tile(readings[machine, : held.length_L[machine]], (5, 1))
    state, sizes = {m.name: m.start(1) for m in step.memory}, set()
    for row in log:
        out = session.run({"readings": row[None], "threshold": np.array(30, np.float32), **state})
        state = {name: out[name + NEXT] for name in state}
        sizes.add(sum(value.nbytes for value in state.values()))
    assert len(log) > 400
    assert sizes == {sum(m.bytes for m in step.memory)}
    assert np.isfinite(out["rul"]).all()


@pytest.mark.parametrize(("persistence", "on_delay", "hysteresis"), [(1, 0, 0.0), (3, 2, 5.0), (2, 0, 10.0)])
def test_the_alarm_counts_as_the_batch_looks_back(persistence, on_delay, hysteresis):
    alarm = Alarm(persistence, on_delay, hysteresis)
    rul_LT = np.random.default_rng(0).normal(30, 8, (50, 200)).astype(np.float32)
    rul_LT = (rul_LT + np.roll(rul_LT, 1, axis=1) + np.roll(rul_LT, 2, axis=1)) / 3
    want = alarm.states(rul_LT, np.float32(30))
    memory, threshold = (torch.zeros(50, dtype=torch.int64),) * 3, torch.tensor(30.0)
    for row in range(200):
        on, since, *memory = AlarmStep(alarm)(
            torch.from_numpy(rul_LT[:, row]), threshold, torch.full((50,), row), *memory
        )
        np.testing.assert_array_equal(on.numpy(), want[:, row])
        assert ((since >= 0) == on).all()
    assert want.any()
    assert not want.all()


def test_what_a_run_keeps_of_its_test_machines_replays_through_the_bundle(stepping):
    made = queries(stepping.fleet, 100.0)
    machines, said, outcome = replayed(stepping.batch, packed(made), "rul")
    assert machines == stepping.fleet.lives
    assert said.shape == outcome.shape
    assert np.nanmax(outcome) == 100.0
    np.testing.assert_allclose(said[:, 0], stepping.said["rul"], rtol=0, atol=1e-4)  # alone as among all
