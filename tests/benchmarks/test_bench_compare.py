"""What changed between two files, and whether beyond noise."""

from __future__ import annotations

from math import exp, log, sqrt

import pytest
from made_result import bundle, interval, measured, result

from benchmarks import result as files
from benchmarks.compare import compare, main, ratio_of
from common.fault import Fault


def said(a, b):
    return "\n".join(compare(a, b))


def test_the_limits_of_a_ratio_join_both_figures():
    """By hand: 200 (180 to 220) over 100 (90 to 110)."""
    ratio, low, high = ratio_of(interval(100.0), interval(200.0))
    assert ratio == pytest.approx(2.0)
    assert low == pytest.approx(exp(log(2) - sqrt(log(1 / 0.9) ** 2 + log(1.1) ** 2)))
    assert high == pytest.approx(exp(log(2) + sqrt(log(1.1) ** 2 + log(1 / 0.9) ** 2)))
    assert ratio_of(interval(100.0), {"value": 200.0, "low": 190.0, "high": None}) == (pytest.approx(2.0), None, None)


def test_twice_the_time_is_slower_and_a_tenth_is_noise():
    a = result(measured(rate=500), measured("offline", 900.0))
    text = said(a, result(measured(rate=250), measured("offline", 990.0)))
    assert "toy single stream, ort_cpu fp32, 1 thread: 2.00 -> 4.00 ms, ratio 2.00 (1.71 to 2.34): B is slower" in text
    assert "900 -> 990 a second, ratio 1.10 (0.939 to 1.29): no difference beyond noise" in text
    assert "nothing changed but the time" in text


def test_a_machine_that_drifts_hides_what_a_quiet_one_shows():
    a, b = result(measured(rate=500)), result(measured(rate=380))
    assert "B is slower" in said(a, b)
    b["noise"] = {"noisy": True, "why": "load", "spread": 0.6}
    assert "no difference beyond noise" in said(a, b)


def test_the_other_machine_version_and_commit_are_named():
    other = {"cpu": "Other", "cores": 4, "gpu": [], "versions": {"onnxruntime": "1.32.0"}, "load": [9.0]}
    text = said(result(measured()), result(measured(), machine=other, commit="f" * 40, dirty=True, seed=1))
    assert "machine.cpu: Toy One CPU @ 1 GHz -> Other" in text
    assert "machine.versions.onnxruntime: 1.31.1 -> 1.32.0" in text
    assert "dirty: false -> true\nseed: 0 -> 1" in text
    assert "load" not in text


def test_invalid_and_thin_measurements_prove_nothing():
    bad = measured(rate=50, verdict="INVALID", reasons=["noisy"])
    assert "B INVALID, so nothing follows" in said(result(measured()), result(bad))
    thin = measured("offline", 50.0, rate_per_s={"value": 50.0, "low": None, "high": None})
    assert "too few queries for an interval" in said(result(measured("offline")), result(thin))


def test_other_bundles_accuracy_is_not_compared():
    b = result(measured(bundle="d" * 64), bundles=[bundle("toy", "d" * 64, version="20261122000000")])
    text = said(result(measured()), b)
    assert "bundle toy: ridge 20261121200000 (aaaaaaaa) -> ridge 20261122000000 (dddddddd)" in text
    assert "other bundles: their accuracy answers other questions and is not compared" in text


def test_the_same_bundles_accuracy_is_compared():
    one, other = ({"measured": True, "counts": True, "measure": "rmse", "value": value} for value in (12.5, 12.75))
    assert "rmse: 12.5 -> 12.75" in said(result(measured(accuracy=one)), result(measured(accuracy=other)))


def test_another_bound_is_another_question():
    a, b = (measured("server", settings={"p99_ms": bound}) for bound in (50.0, 20.0))
    text = said(result(a), result(b))
    assert "0 measurements in both files: nothing to compare" in text
    assert "only in A: toy server" in text
    assert "only in B: toy server" in text


def test_as_a_command(tmp_path, capsys):
    path = str(files.write(result(measured()), tmp_path))
    main([path, path])
    assert "1 measurement in both files" in capsys.readouterr().out
    with pytest.raises(Fault, match="There is no file"):
        main([path, str(tmp_path / "none.json")])
    with pytest.raises(Fault, match="required"):
        main([path])
