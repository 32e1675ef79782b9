"""What several tests need. Nothing here imports a training library."""

from __future__ import annotations

from pathlib import Path

import pytest
import toy_graph
from hypothesis import settings

from common.bundle.files import CAPS, sums

settings.register_profile("shared machine", deadline=None)  # no test reads a clock
settings.load_profile("shared machine")


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """Bundles met in a test are not remembered in the home of the person who runs it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="session")
def toy_bundle(tmp_path_factory):
    """A whole bundle around the toy graph; read it, never change it."""
    folder = tmp_path_factory.mktemp("toy") / "bundle"
    toy_graph.write_toy(folder)
    return folder


@pytest.fixture
def forge(toy_bundle, tmp_path):
    """A bundle like the toy, with some files exchanged and the sums made to fit: what an attacker can always do."""

    def make(**exchanged: bytes) -> Path:
        folder = tmp_path / "forged"
        folder.mkdir()
        by_stem = {name.split(".")[0]: name for name in CAPS if name != "SHA256SUMS"}
        files = {name: exchanged.get(stem, (toy_bundle / name).read_bytes()) for stem, name in by_stem.items()}
        for name, data in {**files, "SHA256SUMS": sums(files)}.items():
            (folder / name).write_bytes(data)
        return folder

    return make
