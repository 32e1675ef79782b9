"""One Slurm for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from slurm_node import Cluster


@pytest.fixture(scope="session")
def cluster(tmp_path_factory) -> Iterator[Cluster]:
    one = Cluster(tmp_path_factory.mktemp("slurm"))
    try:
        yield one
    finally:
        one.ask("scancel", "--quiet", "--partition=main")
        one.script("stop")
