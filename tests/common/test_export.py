"""Trees, stripping and the parity gate: exact where they promise to be."""

import numpy as np
import onnx
import pytest
import torch
from onnx import helper
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from common.bundle.session import Session
from common.export.parity import parity
from common.export.strip import strip
from common.export.torch import to_onnx
from common.export.trees import boosted, floor32
from common.fault import Fault


def rows(count: int, seed: int = 0) -> np.ndarray:
    """Readings as loggers round them: many values sit exactly on a threshold, some are missing."""
    random = np.random.default_rng(seed)
    x = random.normal(0, 1, (count, 6)).round(1).astype(np.float32)
    x[random.random(x.shape) < 0.05] = np.nan
    return x


def target(x: np.ndarray) -> np.ndarray:
    return 50 + 30 * np.nan_to_num(x[:, 0]) - 20 * (np.nan_to_num(x[:, 1]) > 0.25)


def test_floor32_is_the_largest_float32_not_above():
    x = np.array([0.1, 1.0, -0.1, 1e-50, np.inf, 16777217.0])
    got = floor32(x).astype(np.float64)
    assert (got <= x).all()
    assert (np.nextafter(got.astype(np.float32), np.float32(np.inf)).astype(np.float64)[:4] > x[:4]).all()
    assert got[1] == 1.0


def test_trees_equal_scikit_learn_where_values_sit_on_thresholds():
    """Thresholds halfway between float32 neighbours: rounding to nearest would send rows the wrong way."""
    random = np.random.default_rng(0)
    near = np.float32(1.0) + np.arange(40, dtype=np.float32) * np.float32(2**-23)
    x = random.choice(near, (4000, 3)).astype(np.float32)
    y = (x[:, 0] > near[17]) * 100.0 + (x[:, 1] > near[5]) * 10.0
    model = HistGradientBoostingRegressor(max_iter=20, early_stopping=False).fit(x, y)
    got = Session(boosted([[model]], "rul").SerializeToString()).run({"features": x[None]})["rul"][0]
    apart = np.abs(got - model.predict(x))
    assert (apart.max(), (apart > 1e-3).sum()) == (pytest.approx(0, abs=1e-3), 0)


def test_groups_average_and_keep_their_columns():
    x = rows(3000)
    y = target(x)
    columns = np.array([0, 1, 4])
    models = [
        HistGradientBoostingRegressor(max_iter=10, early_stopping=False, random_state=s, max_features=0.5).fit(
            x[:, columns], y
        )
        for s in range(3)
    ]
    classifier = HistGradientBoostingClassifier(max_iter=10, early_stopping=False).fit(x[:, columns], y > 50)
    graph = boosted([models, [classifier]], "scores", columns)
    fresh = rows(500, seed=1)
    got = Session(graph.SerializeToString()).run({"features": fresh.reshape(5, 100, 6)})["scores"].reshape(500, 2)
    np.testing.assert_allclose(got[:, 0], np.mean([m.predict(fresh[:, columns]) for m in models], axis=0), atol=1e-3)
    np.testing.assert_allclose(got[:, 1], classifier.decision_function(fresh[:, columns]), atol=1e-4)


def test_categorical_splits_are_refused():
    x = rows(500)
    x[:, 0] = np.random.default_rng(0).integers(0, 5, 500)
    model = HistGradientBoostingRegressor(max_iter=5, categorical_features=[0], early_stopping=False)
    model.fit(x, (x[:, 0] == 3) * 10.0 + (x[:, 0] == 1) * 7.0)
    with pytest.raises(ValueError, match="categorical"):
        boosted([[model]], "rul")


class Half(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x / 2


def test_exported_graph_tells_nothing_of_its_maker():
    model = to_onnx(Half(), {"x": torch.zeros(2, 3)}, {"x": {0: "machine"}}, ["y"])
    text = model.SerializeToString()
    for trace in (b"stack_trace", b".py", b"torch.onnx", b"/home", b"site-packages"):
        assert trace not in text
    got = Session(text).run({"x": np.ones((7, 3), np.float32)})["y"]
    np.testing.assert_array_equal(got, np.full((7, 3), 0.5, np.float32))


def test_strip_reaches_into_sub_graphs():
    inner = helper.make_graph([helper.make_node("Identity", ["a"], ["b"], doc_string="secret")], "g", [], [])
    node = helper.make_node("If", ["c"], ["d"], then_branch=inner, else_branch=inner, doc_string="secret")
    model = helper.make_model(helper.make_graph([node], "outer", [], [], doc_string="secret"))
    node.metadata_props.append(onnx.StringStringEntryProto(key="k", value="secret"))
    assert b"secret" in model.SerializeToString()
    assert b"secret" not in strip(model).SerializeToString()


def test_parity_counts_and_fails():
    python = np.array([1.0, 2.0, np.nan])
    facts = parity(python, np.array([1.0, 2.0005, np.nan]), 1e-3)
    assert facts == {"max_abs_diff": pytest.approx(5e-4), "tolerance": 1e-3, "over_tolerance": 0, "rows": 2}
    with pytest.raises(Fault, match="1 of 2 values differ"):
        parity(python, np.array([1.0, 2.1, np.nan]), 1e-3)
    with pytest.raises(Fault, match="none"):
        parity(python, np.array([1.0, np.nan, np.nan]), 1e-3)
    with pytest.raises(Fault, match="0 of 0"):
        parity(np.array([np.nan]), np.array([np.nan]), 1e-3)
