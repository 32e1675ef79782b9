"""What is asked of a bundle: its run's queries, joined along the axis that the contract names."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import toy_graph

from benchmarks.workload import workloads
from common.bundle.format import Tensor
from common.bundle.write import write_bundle
from common.fault import Fault

QUERIES, ROWS = 8, 12  # of the run in conftest.py


@pytest.fixture
def own_run(toy_run, tmp_path):
    """A copy of the run, to be spoilt."""
    return shutil.copytree(toy_run, tmp_path / "runs" / "manufacturing" / toy_run.name)


def test_the_queries_are_those_of_the_run(toy_run):
    (found,) = workloads(str(toy_run))
    assert (found.label, found.axis, found.queries_from) == ("manufacturing-rul", "machine", "evaluation.npz")
    assert (len(found.queries), found.run) == (QUERIES, toy_run)
    with np.load(toy_run / "evaluation.npz") as stored:
        np.testing.assert_array_equal(found.queries[3]["readings"], stored["readings"][3])
    assert float(found.queries[0]["threshold"]) == 20.0  # a default, filled in
    assert {name for query in found.queries for name in query} == {"readings", "length", "threshold", "judge"}


def test_the_inner_folder_is_the_same_bundle(toy_run):
    (outer,), (inner,) = workloads(str(toy_run)), workloads(str(toy_run / "bundle"))
    assert (inner.bundle.id, inner.queries_from, len(inner.queries)) == (outer.bundle.id, "evaluation.npz", QUERIES)


def test_a_bundle_without_a_run_is_asked_its_sample(toy_bundle):
    (found,) = workloads(str(toy_bundle))
    assert (found.queries_from, found.run, len(found.queries)) == ("sample.npz", None, 1)
    assert found.queries[0]["readings"].shape == (3, ROWS, 3)


def test_a_batch_is_the_queries_one_after_another(toy_run):
    (found,) = workloads(str(toy_run))
    made = found.batch(3, QUERIES - 1)  # cycled
    wanted = [found.queries[at]["readings"] for at in (QUERIES - 1, 0, 1)]
    np.testing.assert_array_equal(made["readings"], np.concatenate(wanted))
    assert (made["length"].shape, made["threshold"].shape) == ((3,), ())
    together, alone = found.bundle.run(**made), found.bundle.run(**found.queries[0])
    np.testing.assert_allclose(together["rul"][1], alone["rul"][0], rtol=1e-5)
    assert found.batch(1, 2) is found.queries[2]


def test_queries_of_another_shape_are_not_taken_for_ours(own_run):
    """As runs had them before every query was one call, or as a second bundle of the run needs them."""
    np.savez(own_run / "evaluation.npz", readings=np.zeros((50, ROWS, 3), np.float32), length=np.full(50, ROWS))
    assert workloads(str(own_run))[0].queries_from == "sample.npz"
    np.savez(own_run / "evaluation.npz", other=np.zeros(3))
    assert workloads(str(own_run))[0].queries_from == "sample.npz"


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        ({"readings": np.full((2, 1, ROWS, 3), np.inf, np.float32)}, "query 0: readings holds inf"),
        ({"length": np.full((2, 1), 99)}, "query 0: length = 99 is above 12"),
        ({"length": np.full((3, 1), ROWS)}, "of unequal number"),
        ({"length": np.array([["a"], ["b"]], object)}, "cannot be read"),
    ],
)
def test_spoilt_queries_are_refused_with_a_sentence(own_run, spoilt, words):
    whole = {"readings": np.ones((2, 1, ROWS, 3), np.float32), "length": np.full((2, 1), ROWS)}
    np.savez(own_run / "evaluation.npz", **{**whole, **spoilt}, allow_pickle=True)
    with pytest.raises(Fault, match=words):
        workloads(str(own_run))


def test_a_truncated_file_is_refused(own_run):
    path = own_run / "evaluation.npz"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(Fault, match=r"evaluation.npz cannot be read .*: train again, or remove the file"):
        workloads(str(own_run))


def test_a_spoilt_bundle_is_refused(own_run):
    model = own_run / "bundle" / "model.onnx"
    model.write_bytes(model.read_bytes() + b"x")
    with pytest.raises(Fault, match=r"model.onnx differs from its sum"):
        workloads(str(own_run))


def test_a_run_without_a_bundle_says_so(own_run):
    shutil.rmtree(own_run / "bundle")
    with pytest.raises(Fault, match="wrote no bundle"):
        workloads(str(own_run))


def test_a_graph_of_fixed_size_takes_no_batch(tmp_path):
    import onnx.parser

    graph = '<ir_version: 10, opset_import: ["" : 21]> f (float[2,3] x) => (float[2,3] y) { y = Relu(x) }'
    made = toy_graph.toy_manifest() | {
        "inputs": [Tensor("x", "float32", ("row", 3), low=0, high=1).as_json()],
        "outputs": [Tensor("y", "float32", ("row", 3)).as_json()],
    }
    model, sample = onnx.parser.parse_model(graph).SerializeToString(), {"x": np.ones((2, 3), np.float32)}
    write_bundle(tmp_path / "bundle", model, made, sample, "# Fixed\n")
    (found,) = workloads(str(tmp_path / "bundle"))
    assert found.axis is None
    with pytest.raises(Fault, match="answers one query a call"):
        found.batch(2)


@pytest.mark.parametrize("end", range(10, 4, -1))
def test_an_archive_whose_end_is_blank_is_refused(own_run, end):
    path = own_run / "evaluation.npz"
    path.write_bytes(path.read_bytes()[:-end] + bytes(end))
    with pytest.raises(Fault, match=r"evaluation\.npz (is damaged, it lists no arrays|cannot be read)"):
        workloads(str(own_run))
