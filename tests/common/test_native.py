"""The process in which a pilot's own Python is timed: its protocol, its end, and trees as plain arrays."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import numpy as np
import pytest

from common.fault import Fault

STUB = """
import sys, time
from common.fault import Fault
from common.native import Opened, serve

def opened(asked):
    print("noise of a library")
    if asked.mode == "slow":
        time.sleep(60)
    if asked.mode == "absent":
        raise Fault("no such mode")
    def seconds(request):
        if request["batch"] > 9:
            raise Fault("too many")
        return request["query"] / 1000
    return Opened(f"stub, threads {asked.threads}", ["eager"], seconds, lambda query: {"rul": [query]})

serve(opened)
"""


def begun(*words: str) -> subprocess.Popen:
    pipe = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    return subprocess.Popen([sys.executable, "-c", STUB, "run", *words], **pipe)


def test_requests_are_answered_line_by_line_and_a_fault_is_one_of_the_answers():
    asked = [{"query": 3, "batch": 1}, {"query": 3, "batch": 10}, {"answer": 7}, {"query": 5, "batch": 2}]
    with begun("--threads", "2") as process:
        said = []
        for request in [None, *asked]:
            if request:
                process.stdin.write(json.dumps(request) + "\n")
                process.stdin.flush()
            said.append(json.loads(process.stdout.readline()))
        process.stdin.close()
        assert process.wait(5) == 0
    assert said[0] == {"ready": True, "what": "stub, threads 2", "modes": ["eager"]}
    assert said[1] == {"seconds": 0.003}
    assert said[2] == {"missing": "too many"}
    assert set(said[3]) == {"arrays"}
    assert said[4] == {"seconds": 0.005}


def test_what_cannot_be_opened_is_missing_and_whoever_is_left_alone_ends():
    with begun("--mode", "absent") as process:
        assert json.loads(process.stdout.readline()) == {"missing": "no such mode"}
    with begun("--mode", "slow") as process:
        time.sleep(0.5)  # in the midst of its start
        process.stdin.close()
        assert process.wait(10) == 0


def test_trees_that_lead_nowhere_are_refused():
    sklearn = pytest.importorskip("sklearn.ensemble")
    from common.export import forest

    x = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
    fitted = sklearn.HistGradientBoostingRegressor(max_iter=3).fit(x, x[:, 0] > 0)
    state = forest.state([fitted])
    (again,) = forest.restored(sklearn.HistGradientBoostingRegressor, state, 2)
    np.testing.assert_array_equal(fitted.predict(x), again.predict(x))
    for field, value in {"left": 10**6, "right": 0, "feature_idx": 7, "is_categorical": 1}.items():
        bad = state["nodes"].copy()
        bad[field][0] = value
        with pytest.raises(Fault, match="damaged"):
            forest.restored(sklearn.HistGradientBoostingRegressor, state | {"nodes": bad}, 2)
