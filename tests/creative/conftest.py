"""One tiny bundle for every test right of it; read it, never change it."""

from __future__ import annotations

import pytest
import toy_sampler

from common.bundle.open import open_bundle

MAPS = (*toy_sampler.COLOUR, "height", "roughness")


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def own_cache(cache, monkeypatch):
    """As for all tests, but one for the pilot: a bundle is self-tested in a child once, not before every test.

    Nothing is signed with the certificate of the person who runs the tests.
    """
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(cache / "config"))


@pytest.fixture(scope="session")
def toy_folder(tmp_path_factory):
    """A bundle of colour alone."""
    folder = tmp_path_factory.mktemp("creative") / "bundle"
    toy_sampler.write_toy(folder)
    return folder


@pytest.fixture(scope="session")
def toy_maps_folder(tmp_path_factory):
    """A bundle of colour, height and roughness."""
    folder = tmp_path_factory.mktemp("creative") / "bundle-maps"
    toy_sampler.write_toy(folder, MAPS)
    return folder


@pytest.fixture
def toy(toy_folder):
    return open_bundle(toy_folder)


@pytest.fixture
def toy_maps(toy_maps_folder):
    return open_bundle(toy_maps_folder)
