"""What several tests need. Nothing here imports a training library."""

from __future__ import annotations

import pytest
import toy_graph


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
