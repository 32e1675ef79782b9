"""A run folder around the toy bundle, with the queries that every pilot's run keeps; read it, never change it."""

from __future__ import annotations

import json

import numpy as np
import pytest
import toy_graph

from benchmarks import conditions
from benchmarks.probes import roof_cpu

QUERIES, ROWS = 8, 12


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def own_cache(cache, monkeypatch):
    """As for all tests, but one for the benchmarks: a bundle is self-tested in a child once, not before every test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))


@pytest.fixture(scope="session")
def toy_run(tmp_path_factory):
    """runs/manufacturing/<time>_toy: bundle, run.json, evaluation.npz and calibration.npz of eight machines."""
    folder = tmp_path_factory.mktemp("bench") / "runs" / "manufacturing" / "20260131120000_toy"
    folder.mkdir(parents=True)
    toy_graph.write_toy(folder / "bundle")
    draw = np.random.default_rng(0)
    readings = draw.uniform([0.2, 0.5, 20.0], [1.0, 9.0, 80.0], (QUERIES, 1, ROWS, 3)).astype(np.float32)
    length = np.full((QUERIES, 1), ROWS)
    outcome = np.clip(125 - 10 * readings[..., 1].cumsum(-1) / np.arange(1, ROWS + 1), 0, 125)
    for name in ("evaluation", "calibration"):
        np.savez_compressed(folder / f"{name}.npz", readings=readings, length=length, outcome=outcome)
    gate = {"output": "rul", "measure": "rmse", "kind": "relative", "tolerance": 0.01, "levels": None}
    facts = {"pilot": "manufacturing", "model": "toy", "task": "rul", "version": "20260131120000", "benchmark": gate}
    (folder / "run.json").write_text(json.dumps(facts))
    (folder / "config.yaml").write_text("model: toy\n")
    return folder


@pytest.fixture
def short_probes(monkeypatch):
    """What is measured around the figures may be rough here."""
    monkeypatch.setattr(roof_cpu, "QUICK_SECONDS", 0.01)
    monkeypatch.setattr(roof_cpu, "SIDES", ((16, 1, 1024),))
    monkeypatch.setattr(roof_cpu, "COPY_BYTES", (1 << 24, 1 << 24))
    monkeypatch.setattr(conditions, "QUICK_PROFILE", 0.01)
